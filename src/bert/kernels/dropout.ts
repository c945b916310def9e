import { cast, greaterEqual, mul, tensor, tensor1d, type Tensor } from '@tensorflow/tfjs-core';
import { statelessPhilox } from '../random.js';
import { fused } from './fused.js';
import { run, type Kernel } from './kernel.js';
import { dataTypeAttribute, runOp } from './tensorflow-op.js';

/** Inverted dropout (Srivastava et al., 2014): each element is zeroed with probability `rate`, the others are scaled by 1 / (1 - rate). */
export interface Dropout {
  rate: number;
  /**
   * Two int32, see {@link statelessPhilox}. The mask depends only on them and is the same on every engine.
   */
  seed: readonly [number, number];
}

export const NO_DROPOUT: Dropout = { rate: 0, seed: [0, 0] };

export function dropout<T extends Tensor>(x: T, settings: Dropout): T {
  if (settings.rate === 0) return x;
  return fused({
    inputs: [x],
    forward: () => {
      const mask = dropoutMask(x.shape, settings)!;
      return { output: mul(x, mask) as T, saved: [mask] };
    },
    gradient: (dy, [mask]) => [mul(dy, mask!)],
  });
}

/** The factor for each element: 0 or 1 / (1 - rate). null if nothing is dropped. */
export function dropoutMask(shape: readonly number[], { rate, seed }: Dropout): Tensor | null {
  return rate === 0 ? null : run(dropoutMaskKernel, {}, { shape, rate, seed });
}

export const dropoutMaskKernel: Kernel = {
  name: 'DropoutMask',
  portable: (_, attributes) => {
    const { shape, rate, seed } = attributes as unknown as Dropout & { shape: number[] };
    const random = statelessPhilox(seed[0], seed[1]);
    // Compare in float32, as TensorFlow does: 0.1 is another number in double precision.
    const threshold = Math.fround(rate);
    const scale = 1 / (1 - rate);
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    for (let i = 0; i < values.length; i++) values[i] = random.nextFloat() >= threshold ? scale : 0;
    return tensor(values, shape);
  },
  tensorflow: (_, attributes) => {
    const { shape, rate, seed } = attributes as unknown as Dropout & { shape: number[] };
    const noise = runOp(
      'StatelessRandomUniform',
      [
        dataTypeAttribute('dtype', 'float32'),
        dataTypeAttribute('T', 'int32'),
        dataTypeAttribute('Tseed', 'int32'),
      ],
      [tensor1d(shape, 'int32'), tensor1d([...seed], 'int32')],
    );
    return mul(cast(greaterEqual(noise, rate), 'float32'), 1 / (1 - rate));
  },
};
