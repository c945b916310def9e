import type { NamedTensor } from '../weights/named-tensor.js';
import type { ParameterStore } from './parameter-store.js';

/**
 * The mean of a model's weights at several points of a training (Izmailov et al., "Averaging weights leads to wider optima and
 * better generalization", 2018). Kept outside of the engine's memory, as one running mean.
 */
export class WeightAverage {
  count = 0;
  /** The mean of what weight decay had made of a parameter that never had a gradient. */
  untouchedDecay = 0;
  private readonly means = new Map<string, NamedTensor>();

  /** Takes the weights as they are now into the mean. */
  add(store: ParameterStore, untouchedDecay: number): void {
    this.count++;
    this.untouchedDecay += (untouchedDecay - this.untouchedDecay) / this.count;
    for (const name of store.names) {
      const now = store.export(name);
      const mean = this.means.get(name);
      if (mean) moveTowards(mean.data, now.data, 1 / this.count);
      else this.means.set(name, now);
    }
  }

  /** The mean, each tensor once: what is taken is let go. */
  *take(): Generator<NamedTensor> {
    for (const [name, mean] of this.means) {
      this.means.delete(name);
      yield mean;
    }
  }
}

function moveTowards(mean: Float32Array, value: Float32Array, share: number): void {
  for (let i = 0; i < mean.length; i++) mean[i]! += (value[i]! - mean[i]!) * share;
}
