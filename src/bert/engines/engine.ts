import type { ParameterStore, TrainedParameter } from './parameter-store.js';

export const engineNames = ['tensorflow', 'wasm'] as const;
export type EngineName = (typeof engineNames)[number];

/** A TF.js backend made ready for training: loaded, its fused kernels registered. One per thread. */
export interface Engine {
  readonly name: EngineName;
  /** For people and for a model's lineage, such as "TensorFlow 2.15.1 on the CPU (@tensorflow/tfjs-node 4.22.0)". */
  readonly description: string;
  /** Takes parameters into the engine's memory, one at a time; the arrays are not needed afterwards. */
  createParameterStore(parameters: Iterable<TrainedParameter>): ParameterStore;
  /** What it holds now, in this thread. */
  memory(): EngineMemory;
}

export interface EngineMemory {
  /** Tensors of TF.js. */
  tensors: number;
  /** Bytes of tensors, and of parameters and moments wherever they lie. */
  bytes: number;
  /** Bytes taken from the system, used or not; null where the engine does not tell. */
  reservedBytes: number | null;
}
