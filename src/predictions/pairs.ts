import type { Judgement } from '../bert/serving/served-model.js';
import { logOdds } from './judging-rule.js';

/** Two sentences to compare. */
export interface Pair {
  a: string;
  b: string;
}

/** Which of two sentences is the more acceptable one. */
export interface Comparison<T extends Judgement = Judgement> {
  /** By the log odds; null where they are equal. */
  preferred: 'a' | 'b' | null;
  /** Score of a less score of b. */
  difference: number;
  /** The same of the log odds: above 0, a is preferred. */
  logOddsDifference: number;
  a: T;
  b: T;
}

/** Of how many pairs each side is preferred, or none. */
export interface PreferenceCounts {
  a: number;
  b: number;
  equal: number;
}

export function compare<T extends Judgement>(a: T, b: T): Comparison<T> {
  const logOddsDifference = logOdds(a) - logOdds(b);
  return {
    preferred: logOddsDifference > 0 ? 'a' : logOddsDifference < 0 ? 'b' : null,
    difference: a.score - b.score,
    logOddsDifference,
    a,
    b,
  };
}

export function countPreferences(comparisons: readonly Comparison[]): PreferenceCounts {
  const counts = { a: 0, b: 0, equal: 0 };
  for (const { preferred } of comparisons) counts[preferred ?? 'equal']++;
  return counts;
}

/** Sentences of the pairs one after another, a and b by turns, and where each is in the request. */
export function sentencesOf(pairs: readonly Pair[]): {
  sentences: string[];
  pointer: (index: number) => string;
} {
  return {
    sentences: pairs.flatMap(({ a, b }) => [a, b]),
    pointer: (index) => `#/pairs/${Math.floor(index / 2)}/${index % 2 === 0 ? 'a' : 'b'}`,
  };
}
