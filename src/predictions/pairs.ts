import type { Judgement } from '../bert/serving/served-model.js';
import { logOdds } from './judging-rule.js';

/** Which of two sentences is the more acceptable one. */
export interface Comparison {
  /** By the log odds; null where they are equal. */
  preferred: 'a' | 'b' | null;
  /** Score of a minus score of b. */
  difference: number;
  /** The same difference for the log odds. Above 0, a is preferred. */
  logOddsDifference: number;
}

/** Number of pairs in which a, b or neither is preferred. */
export interface PreferenceCounts {
  a: number;
  b: number;
  equal: number;
}

export function compare(a: Judgement, b: Judgement): Comparison {
  const logOddsDifference = logOdds(a) - logOdds(b);
  return {
    preferred: logOddsDifference > 0 ? 'a' : logOddsDifference < 0 ? 'b' : null,
    difference: a.score - b.score,
    logOddsDifference,
  };
}

export function countPreferences(comparisons: readonly Pick<Comparison, 'preferred'>[]): PreferenceCounts {
  const counts = { a: 0, b: 0, equal: 0 };
  for (const { preferred } of comparisons) counts[preferred ?? 'equal']++;
  return counts;
}
