import { keep, tensor, type Tensor } from '@tensorflow/tfjs-core';
import {
  ADAMW,
  isDecayed,
  parameterSnapshot,
  type AdamWUpdate,
  type ParameterSnapshot,
  type Moments,
  type ParameterStore,
  type TrainedParameter,
} from '../parameter-store.js';
import type { NamedTensor } from '../../weights/named-tensor.js';
import { heapView } from '../../kernels/wasm-heap.js';

interface Parameter {
  value: Tensor;
  firstMoment: Float32Array;
  secondMoment: Float32Array;
  decayed: boolean;
}

/**
 * Parameters as tensors in WebAssembly memory, updated there by a plain loop. The moments stay outside, since that memory
 * ends at 4 GiB.
 */
export class HeapParameterStore implements ParameterStore {
  private readonly parameters = new Map<string, Parameter>();

  constructor(parameters: Iterable<TrainedParameter>) {
    for (const { name, shape, data, moments } of parameters) {
      this.parameters.set(name, {
        value: keep(tensor(data, [...shape])),
        firstMoment: moments?.first ?? new Float32Array(data.length),
        secondMoment: moments?.second ?? new Float32Array(data.length),
        decayed: isDecayed(name),
      });
      bytesHeld += 2 * data.byteLength;
    }
  }

  get names(): string[] {
    return [...this.parameters.keys()];
  }

  read(): ParameterSnapshot {
    const tensors = new Map([...this.parameters].map(([name, { value }]) => [name, value]));
    return parameterSnapshot(tensors, () => undefined);
  }

  update(gradients: ReadonlyMap<string, Tensor>, update: AdamWUpdate): void {
    const scale = update.gradientScale.dataSync()[0]!;
    for (const [name, parameter] of this.parameters) {
      const gradient = gradients.get(name)!;
      const learningRate = update.learningRate * (update.learningRateScale?.(name) ?? 1);
      adamW(heapView(parameter.value), heapView(gradient), scale, parameter, { ...update, learningRate });
      gradient.dispose();
    }
  }

  export(name: string): NamedTensor {
    const { value } = this.parameters.get(name)!;
    return { name, shape: value.shape, data: heapView(value).slice() };
  }

  exportMoments(name: string): Moments {
    const { firstMoment, secondMoment } = this.parameters.get(name)!;
    return { first: firstMoment.slice(), second: secondMoment.slice() };
  }

  dispose(): void {
    for (const { value, firstMoment, secondMoment } of this.parameters.values()) {
      value.dispose();
      bytesHeld -= firstMoment.byteLength + secondMoment.byteLength;
    }
    this.parameters.clear();
  }
}

/** Bytes of all moments of this thread: they are no tensors. */
export function momentBytes(): number {
  return bytesHeld;
}

let bytesHeld = 0;

function adamW(
  value: Float32Array,
  gradient: Float32Array,
  gradientScale: number,
  parameter: Parameter,
  update: Omit<AdamWUpdate, 'gradientScale'>,
): void {
  const { firstMoment, secondMoment } = parameter;
  const { beta1, beta2, epsilon } = ADAMW;
  const { step, learningRate } = update;
  const decay = parameter.decayed ? 1 - learningRate * update.weightDecay : 1;
  const stepSize = learningRate / (1 - beta1 ** step);
  const correction = 1 / Math.sqrt(1 - beta2 ** step);
  for (let i = 0; i < value.length; i++) {
    const g = gradient[i]! * gradientScale;
    const m = beta1 * firstMoment[i]! + (1 - beta1) * g;
    const v = beta2 * secondMoment[i]! + (1 - beta2) * g * g;
    firstMoment[i] = m;
    secondMoment[i] = v;
    value[i] = decay * value[i]! - (stepSize * m) / (Math.sqrt(v) * correction + epsilon);
  }
}
