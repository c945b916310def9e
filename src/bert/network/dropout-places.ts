import type { Tensor } from '@tensorflow/tfjs-core';
import { dropout, type Dropout } from '../kernels/dropout.js';

/** More than the dropout places of any BERT (3 per layer and 2). */
const PLACES_PER_STEP = 1024;

/**
 * Dropout for one pass through the network. The mask of a place depends only on (seed, step, place). Places
 * are numbered in the order in which the network reaches them.
 */
export class DropoutPlaces {
  private place = 0;

  constructor(
    private readonly rate: number,
    private readonly seed: number,
    private readonly step: number,
  ) {}

  /** No dropout, for evaluation. */
  static off(): DropoutPlaces {
    return new DropoutPlaces(0, 0, 0);
  }

  /** The dropout of the next place in the network. */
  next(): Dropout {
    return { rate: this.rate, seed: [this.seed, this.step * PLACES_PER_STEP + this.place++] };
  }

  apply<T extends Tensor>(x: T): T {
    return dropout(x, this.next());
  }
}
