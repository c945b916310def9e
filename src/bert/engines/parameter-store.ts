import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { Parameters } from '../network/parameters.js';
import type { NamedTensor } from '../weights/named-tensor.js';

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
  /** Copies of the AdamW moments of one parameter. */
  exportMoments(name: string): Moments;
  dispose(): void;
}

/** The AdamW moments m and v of a parameter, each with as many values. */
export interface Moments {
  first: Float32Array;
  second: Float32Array;
}

/** A parameter as a store takes it. */
export interface TrainedParameter extends NamedTensor {
  /** Zeros unless they are given. */
  moments?: Moments;
}

export interface ParameterSnapshot extends Parameters {
  readonly tensors: ReadonlyMap<string, Tensor>;
  release(): void;
}

/** A snapshot over tensors at hand; `release` is the owner's way to let go of them. */
export function parameterSnapshot(
  tensors: ReadonlyMap<string, Tensor>,
  release: () => void,
): ParameterSnapshot {
  const get = (name: string): Tensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`The model has no parameter "${name}". This is a bug.`);
    return tensor;
  };
  return {
    tensors,
    matrix: (name) => get(name) as Tensor2D,
    vector: (name) => get(name) as Tensor1D,
    release,
  };
}

/**
 * AdamW (Loshchilov & Hutter, "Decoupled weight decay regularization", 2019) with bias correction, in the arithmetic of
 * `torch.optim.AdamW`:
 *
 *     p ← p · (1 - η·λ)
 *     m ← β₁·m + (1 - β₁)·g          v ← β₂·v + (1 - β₂)·g²
 *     p ← p - η/(1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)
 *
 * The parameter stores of the engines compute it; here are its constants and what one step is told.
 */
export const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

export interface AdamWUpdate {
  /** t, from 1. */
  step: number;
  /** η */
  learningRate: number;
  /** What η is multiplied with for a parameter, for the step and for its decay; 1 where it is left out. */
  learningRateScale?: (parameterName: string) => number;
  /** λ, applied to the parameters that {@link isDecayed} names. */
  weightDecay: number;
  /** What gradients are multiplied with first: less than 1 where the global norm is clipped. */
  gradientScale: Scalar;
}

/** Biases and LayerNorm parameters are not decayed, as in BERT's own recipe. */
export function isDecayed(parameterName: string): boolean {
  return !parameterName.endsWith('.bias') && !parameterName.includes('LayerNorm.');
}
