import type { Scalar } from '@tensorflow/tfjs-core';

/**
 * AdamW (Loshchilov & Hutter, "Decoupled weight decay regularization", 2019) with bias correction, in the arithmetic of
 * `torch.optim.AdamW`:
 *
 *     p ← p · (1 - η·λ)
 *     m ← β₁·m + (1 - β₁)·g          v ← β₂·v + (1 - β₂)·g²
 *     p ← p - η/(1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)
 *
 * The engines' parameter stores compute it; here are its constants and what one step is told.
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
