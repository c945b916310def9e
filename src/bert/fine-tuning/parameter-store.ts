import type { Tensor } from '@tensorflow/tfjs-core';
import type { Parameters } from '../network/parameters.js';
import type { NamedTensor } from '../weights/named-tensor.js';
import type { AdamWUpdate } from './adamw.js';

/** Holds a model's parameters and their AdamW moments, and updates them in place. Engines differ here and nowhere else. */
export interface ParameterStore {
  readonly names: readonly string[];
  /** The parameters as they are now. Release the snapshot before the next update: it shares their memory. */
  read(): ParameterSnapshot;
  /**
   * One AdamW step. Takes over the gradients and disposes them.
   * @param gradients by parameter name, each of its parameter's shape; all of {@link names} are there
   */
  update(gradients: ReadonlyMap<string, Tensor>, update: AdamWUpdate): void;
  /** A copy of one parameter. */
  export(name: string): NamedTensor;
  dispose(): void;
}

export interface ParameterSnapshot extends Parameters {
  readonly tensors: ReadonlyMap<string, Tensor>;
  release(): void;
}
