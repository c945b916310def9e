import type { Tensor } from '@tensorflow/tfjs-core';
import { dropout, type Dropout } from '../kernels/dropout.js';

/** More dropout places than any BERT has (3 a layer and 2). */
const PLACES_PER_STEP = 1024;

/**
 * Dropout for one pass through the network. The mask of each place follows from (seed, step, place) alone, where places are
 * numbered in the order in which the network reaches them.
 */
export class DropoutPlaces {
  private place = 0;

  constructor(
    private readonly rate: number,
    private readonly seed: number,
    private readonly step: number,
  ) {}

  /** No dropout: evaluation. */
  static off(): DropoutPlaces {
    return new DropoutPlaces(0, 0, 0);
  }

  /** The dropout of the place that the network has reached. */
  next(): Dropout {
    return { rate: this.rate, seed: [this.seed, this.step * PLACES_PER_STEP + this.place++] };
  }

  apply<T extends Tensor>(x: T): T {
    return dropout(x, this.next());
  }
}
