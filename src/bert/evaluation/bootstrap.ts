import { statelessPhilox, type Philox } from '../random.js';
import { drawBinomial } from './binomial.js';
import { matthewsCorrelation, type ConfusionMatrix, type Evaluation, type Interval } from './evaluation.js';
import { pairedMccs, type PairedCounts } from './paired.js';

/** An evaluation with the interval of its MCC. The result is deterministic. */
export function withMccInterval<E extends Evaluation>(evaluation: E): E & { mccInterval: Interval } {
  return { ...evaluation, mccInterval: bootstrapMcc(evaluation.confusionMatrix, { seed: 42 }) };
}

/**
 * The 95 % interval of the MCC over resampled sets (Efron's percentile bootstrap). MCC depends on four counts
 * only, so the counts are drawn (multinomially) instead of single sentences. The distribution is the same,
 * and it takes milliseconds for a set of any size.
 * @param seed an int32. The same seed gives the same interval.
 */
export function bootstrapMcc(
  confusionMatrix: Readonly<ConfusionMatrix>,
  { resamples = 1000, seed }: { resamples?: number; seed: number },
): Interval {
  const random = statelessPhilox(seed, 0);
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = confusionMatrix;
  const counts = [truePositives, falsePositives, trueNegatives, falseNegatives] as const;
  return middle(resamples, () => {
    const [truePositives, falsePositives, trueNegatives, falseNegatives] = resample(counts, random);
    return matthewsCorrelation({ truePositives, falsePositives, trueNegatives, falseNegatives });
  });
}

/**
 * The same of how much higher the MCC is by the second judgement of each row than by the first. A resample has both judgements of
 * each of its rows: they are paired, so what is hard for both is no error of the difference.
 */
export function bootstrapMccGain(
  counts: PairedCounts,
  { resamples = 1000, seed }: { resamples?: number; seed: number },
): Interval {
  // Separate from the random streams of the interval above, the hold-out and the folds.
  const random = statelessPhilox(seed, -5);
  return middle(resamples, () => {
    const [first, second] = pairedMccs(resample(counts, random));
    return second - first;
  });
}

/** The middle 95 % of the drawn values. */
function middle(resamples: number, draw: () => number): Interval {
  const values = Float64Array.from({ length: resamples }, draw).sort();
  return { lower: quantile(values, 0.025), upper: quantile(values, 0.975) };
}

function resample<Counts extends readonly number[]>(counts: Counts, random: Philox): Counts {
  // Each class is drawn from what is left, by its share of the classes not yet drawn.
  let left = counts.reduce((sum, count) => sum + count, 0);
  let share = left;
  return counts.map((count) => {
    const drawn = share === 0 ? 0 : drawBinomial(left, count / share, random);
    left -= drawn;
    share -= count;
    return drawn;
  }) as readonly number[] as Counts;
}

/** Linear interpolation, the default of numpy. */
function quantile(sorted: Float64Array, fraction: number): number {
  const position = fraction * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
}
