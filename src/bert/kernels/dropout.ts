import { cast, greaterEqual, mul, tensor, tensor1d, type Tensor } from '@tensorflow/tfjs-core';
import { statelessPhilox } from '../random.js';
import { runFused, type FusedKernel } from './fused-kernel.js';
import { dataTypeAttribute, runOp } from './tensorflow-op.js';

/**
 * Inverted dropout (Srivastava et al., 2014): each element is zeroed with probability `rate`, the others are scaled by
 * 1 / (1 - rate). The mask depends on `seed` alone, and is the same on every engine.
 * @param seed two int32, see {@link statelessPhilox}
 */
export function dropout<T extends Tensor>(x: T, rate: number, seed: readonly [number, number]): T {
  if (rate === 0) return x;
  return runFused(dropoutKernel, { x }, { rate, seed });
}

export const dropoutKernel: FusedKernel = {
  name: 'SeededDropout',
  portable: ({ x }, { rate, seed }) => {
    const [seed0, seed1] = seed as [number, number];
    const random = statelessPhilox(seed0, seed1);
    // float32, as TensorFlow compares: 0.1 is not the same number in double precision.
    const threshold = Math.fround(rate as number);
    const scale = 1 / (1 - (rate as number));
    const values = new Float32Array(x!.size);
    for (let i = 0; i < values.length; i++) values[i] = random.nextFloat() >= threshold ? scale : 0;
    const mask = tensor(values, x!.shape);
    return [mul(x!, mask), mask];
  },
  tensorflow: ({ x }, { rate, seed }) => {
    const noise = runOp(
      'StatelessRandomUniform',
      [
        dataTypeAttribute('dtype', 'float32'),
        dataTypeAttribute('T', 'int32'),
        dataTypeAttribute('Tseed', 'int32'),
      ],
      [tensor1d(x!.shape, 'int32'), tensor1d(seed as number[], 'int32')],
    );
    const mask = mul(cast(greaterEqual(noise, rate as number), 'float32'), 1 / (1 - (rate as number)));
    return [mul(x!, mask), mask];
  },
  saves: { outputs: [false, true] },
  gradient: (dys, saved) => ({ x: () => mul((dys as Tensor[])[0]!, saved[0]!) }),
};
