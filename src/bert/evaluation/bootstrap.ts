import { statelessPhilox, type Philox } from '../random.js';
import { drawBinomial } from './binomial.js';
import { matthewsCorrelation, type ConfusionMatrix } from './evaluation.js';

export interface Interval {
  lower: number;
  upper: number;
}

/**
 * The middle 95 % of the MCC of resampled sets (Efron's percentile bootstrap). MCC depends on four counts alone, so these are
 * drawn (multinomially) instead of single sentences: the same distribution, within milliseconds for a set of any size.
 * @param seed an int32; the same one gives the same interval.
 */
export function bootstrapMcc(
  confusionMatrix: Readonly<ConfusionMatrix>,
  { resamples = 1000, seed }: { resamples?: number; seed: number },
): Interval {
  const random = statelessPhilox(seed, 0);
  const values = Float64Array.from({ length: resamples }, () =>
    matthewsCorrelation(resample(confusionMatrix, random)),
  ).sort();
  return { lower: quantile(values, 0.025), upper: quantile(values, 0.975) };
}

function resample(counts: Readonly<ConfusionMatrix>, random: Philox): ConfusionMatrix {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = counts;
  // Of what is left, a class takes its share of the classes not yet drawn.
  let left = truePositives + falsePositives + trueNegatives + falseNegatives;
  let share = left;
  const draw = (count: number) => {
    const drawn = share === 0 ? 0 : drawBinomial(left, count / share, random);
    left -= drawn;
    share -= count;
    return drawn;
  };
  return {
    truePositives: draw(truePositives),
    falsePositives: draw(falsePositives),
    trueNegatives: draw(trueNegatives),
    falseNegatives: draw(falseNegatives),
  };
}

/** Linear between neighbours, as numpy's default. */
function quantile(sorted: Float64Array, fraction: number): number {
  const position = fraction * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
}
