import { fill, keep, mul, scalar, tensor, tidy, type Tensor } from '@tensorflow/tfjs-core';
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
import {
  boolAttribute,
  dataTypeAttribute,
  runOp,
  runStatefulOp,
  shapeAttribute,
  stringAttribute,
} from '../../kernels/tensorflow-op.js';
import type { NamedTensor } from '../../weights/named-tensor.js';

interface Parameter {
  value: ResourceVariable;
  firstMoment: ResourceVariable;
  secondMoment: ResourceVariable;
  shape: readonly number[];
  decayed: boolean;
}

/** Parameters and moments as TensorFlow resource variables, which `ResourceApplyAdam` updates where they lie. */
export class ResourceParameterStore implements ParameterStore {
  private readonly parameters = new Map<string, Parameter>();

  constructor(parameters: Iterable<TrainedParameter>) {
    for (const { name, shape, data, moments } of parameters) {
      tidy(() => {
        // A tensor each: two variables that share memory would copy it at their first update.
        const moment = (values: Float32Array | undefined) =>
          new ResourceVariable(values ? tensor(values, [...shape]) : fill([...shape], 0));
        this.parameters.set(name, {
          value: new ResourceVariable(tensor(data, [...shape])),
          firstMoment: moment(moments?.first),
          secondMoment: moment(moments?.second),
          shape,
          decayed: isDecayed(name),
        });
      });
    }
  }

  get names(): string[] {
    return [...this.parameters.keys()];
  }

  read(): ParameterSnapshot {
    const tensors = new Map([...this.parameters].map(([name, { value }]) => [name, value.read()]));
    return parameterSnapshot(tensors, () => tensors.forEach((tensor) => tensor.dispose()));
  }

  update(gradients: ReadonlyMap<string, Tensor>, update: AdamWUpdate): void {
    const beta1Power = ADAMW.beta1 ** update.step;
    const beta2Power = ADAMW.beta2 ** update.step;
    const attributes = [
      dataTypeAttribute('T', 'float32'),
      boolAttribute('use_locking', false),
      boolAttribute('use_nesterov', false),
    ];
    tidy(() => {
      const powers = [scalar(beta1Power), scalar(beta2Power)];
      const constants = [
        ADAMW.beta1,
        ADAMW.beta2,
        // TensorFlow adds its epsilon to √v before bias correction ("epsilon hat" of Kingma & Ba, 2015, section 2).
        ADAMW.epsilon * Math.sqrt(1 - beta2Power),
      ].map((value) => scalar(value));
      const learningRates = new Map<number, Tensor>();
      for (const [name, parameter] of this.parameters) {
        const gradient = gradients.get(name)!;
        const learningRate = update.learningRate * (update.learningRateScale?.(name) ?? 1);
        if (!learningRates.has(learningRate)) learningRates.set(learningRate, scalar(learningRate));
        tidy(() => {
          const { value, firstMoment, secondMoment } = parameter;
          if (parameter.decayed && update.weightDecay > 0) {
            value.assign(mul(value.read(), 1 - learningRate * update.weightDecay));
          }
          runStatefulOp('ResourceApplyAdam', attributes, [
            value.handle,
            firstMoment.handle,
            secondMoment.handle,
            ...powers,
            learningRates.get(learningRate)!,
            ...constants,
            mul(gradient, update.gradientScale),
          ]);
        });
        gradient.dispose();
      }
    });
  }

  export(name: string): NamedTensor {
    const { value, shape } = this.parameters.get(name)!;
    return { name, shape, data: value.copy() };
  }

  exportMoments(name: string): Moments {
    const { firstMoment, secondMoment } = this.parameters.get(name)!;
    return { first: firstMoment.copy(), second: secondMoment.copy() };
  }

  dispose(): void {
    for (const { value, firstMoment, secondMoment } of this.parameters.values()) {
      for (const variable of [value, firstMoment, secondMoment]) variable.dispose();
    }
    this.parameters.clear();
  }
}

/** Bytes of all resource variables of this thread: TF.js knows their handles alone. */
export function resourceBytes(): number {
  return bytesHeld;
}

let bytesHeld = 0;

let variables = 0;

/** A TensorFlow resource variable of float32. */
class ResourceVariable {
  readonly handle: Tensor;
  private readonly bytes: number;

  constructor(initial: Tensor) {
    this.handle = runOp(
      'VarHandleOp',
      [
        dataTypeAttribute('dtype', 'float32'),
        shapeAttribute('shape', initial.shape),
        stringAttribute('container', ''),
        stringAttribute('shared_name', `parameter-${process.pid}-${variables++}`),
      ],
      [],
    );
    keep(this.handle);
    this.assign(initial);
    this.bytes = 4 * initial.size;
    bytesHeld += this.bytes;
  }

  /** The value without a copy: dispose it before the variable is updated, else TensorFlow copies the variable then. */
  read(): Tensor {
    return runOp('ReadVariableOp', [dataTypeAttribute('dtype', 'float32')], [this.handle]);
  }

  copy(): Float32Array {
    const now = this.read();
    const data = now.dataSync<'float32'>();
    now.dispose();
    return data;
  }

  assign(value: Tensor): void {
    const attributes = [dataTypeAttribute('dtype', 'float32'), boolAttribute('validate_shape', false)];
    runStatefulOp('AssignVariableOp', attributes, [this.handle, value]);
  }

  dispose(): void {
    runStatefulOp('DestroyResourceOp', [boolAttribute('ignore_lookup_error', true)], [this.handle]);
    this.handle.dispose();
    bytesHeld -= this.bytes;
  }
}
