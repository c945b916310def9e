import { Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { bootstrapMccGain } from '../bert/evaluation/bootstrap.js';
import { confusionMatrixOf, type Interval, type Judgements } from '../bert/evaluation/evaluation.js';
import {
  agreementOf,
  countPairs,
  mcNemarPValue,
  pairedMccs,
  type Agreement,
} from '../bert/evaluation/paired.js';
import { bestEvaluation, hasEnded, type Run } from './run.js';
import type { RunEvent } from './run-event.js';
import { RunsRepository } from './runs.repository.js';

/** Several runs beside each other. */
export interface RunComparison {
  /** In the order in which they were asked for. */
  runs: { run: Run; steps: (RunEvent & { type: 'step' })[] }[];
  /** What the runs were asked for differently, with the value of each run. */
  differences: { name: string; values: unknown[] }[];
  /** Each run with each that comes after it. */
  pairs: PairComparison[];
}

export interface PairComparison {
  first: string;
  second: string;
  /** Null where the runs cannot be compared row by row; `reason` then says why. */
  difference: PairedDifference | null;
  reason: string | null;
}

/** How the best evaluations of two runs differ on the same rows. */
export interface PairedDifference extends Agreement {
  rows: number;
  firstMcc: number;
  secondMcc: number;
  /** The second MCC minus the first. */
  mccDifference: number;
  /** Of 95 %, of that difference. */
  mccDifferenceInterval: Interval;
  /** Of McNemar's exact test. */
  pValue: number;
}

/** A run with the judgements of its best evaluation, or why there are none. */
type KeptRun = { run: Run } & ({ judgements: Judgements; missing: null } | { missing: string });

/** The same comparison always has the same intervals. */
const SEED = 42;

@Injectable()
export class RunComparisons {
  constructor(private readonly runs: RunsRepository) {}

  /**
   * @param ids of different runs
   * @param points most steps of each run
   * @throws NotFoundError
   */
  async compare(ids: readonly string[], points: number): Promise<RunComparison> {
    const kept: KeptRun[] = [];
    const runs: RunComparison['runs'] = [];
    for (const id of ids) {
      const { run, judgements } = await this.runs.withJudgements(id);
      kept.push(keptRun(run, judgements));
      runs.push({ run, steps: await this.runs.steps(id, points) });
    }
    const pairs: PairComparison[] = [];
    for (const [index, first] of kept.entries()) {
      for (const second of kept.slice(index + 1)) {
        pairs.push(comparePair(first, second));
        // A pair takes milliseconds: other requests are answered between two.
        await setImmediate();
      }
    }
    return { runs, differences: differencesOf(kept.map(({ run }) => run)), pairs };
  }
}

function comparePair(first: KeptRun, second: KeptRun): PairComparison {
  const ids = { first: first.run.id, second: second.run.id };
  const without = (reason: string) => ({ ...ids, difference: null, reason });
  const rowsDiffer = differentRows(first.run, second.run);
  if (rowsDiffer !== null) return without(rowsDiffer);
  if (first.missing !== null) return without(first.missing);
  if (second.missing !== null) return without(second.missing);
  return { ...ids, difference: differenceOf(first.judgements, second.judgements), reason: null };
}

/** Why the judgements of two runs do not stand beside each other row by row; null where they may. */
function differentRows({ plan: first }: Run, { plan: second }: Run): string | null {
  if (!first || !second || first.validationContentHash === second.validationContentHash) return null;
  return (
    'These runs were validated on different rows. Train both with the same validation set, or on the same data set with the same ' +
    '`validationFraction` and `seed`.'
  );
}

function keptRun(run: Run, judgements: Judgements | null): KeptRun {
  const { id, status, evaluations } = run;
  if (evaluations.length === 0) {
    const missing = hasEnded(status)
      ? `Run ${id} ended before its first evaluation.`
      : `Run ${id} has no evaluation yet. Compare again after its first one.`;
    return { run, missing };
  }
  if (judgements && areOf(judgements, bestEvaluation(evaluations)?.validation.confusionMatrix)) {
    return { run, judgements, missing: null };
  }
  const missing =
    `The judgements of the best evaluation of run ${id} were not kept: the run is older than this comparison, or the disk was full. ` +
    'Train it again to compare it row by row.';
  return { run, missing };
}

/** What was the best evaluation before has another confusion matrix: each has a higher MCC than the one before. */
function areOf(judgements: Judgements, confusionMatrix: object | undefined): boolean {
  const found = Object.entries(confusionMatrixOf(judgements.labels, judgedBy(judgements)));
  return found.every(([count, rows]) => confusionMatrix?.[count as keyof typeof confusionMatrix] === rows);
}

function differenceOf(first: Judgements, second: Judgements): PairedDifference {
  const counts = countPairs(first.labels, judgedBy(first), judgedBy(second));
  const [firstMcc, secondMcc] = pairedMccs(counts);
  const agreement = agreementOf(counts);
  return {
    rows: first.labels.length,
    firstMcc,
    secondMcc,
    mccDifference: secondMcc - firstMcc,
    mccDifferenceInterval: bootstrapMccGain(counts, { seed: SEED }),
    ...agreement,
    pValue: mcNemarPValue(agreement),
  };
}

function judgedBy({ logOdds }: Judgements): (row: number) => boolean {
  return (row) => logOdds[row]! > 0;
}

function differencesOf(runs: readonly Run[]): RunComparison['differences'] {
  const asked = runs.map(({ baseModel, datasetId, validationDatasetId, hyperparameters }) => ({
    ...{ baseModel, datasetId, validationDatasetId },
    ...hyperparameters,
  }));
  const names = [...new Set(asked.flatMap(Object.keys))] as (keyof (typeof asked)[number])[];
  return names
    .map((name) => ({ name, values: asked.map((one) => one[name] ?? null) }))
    .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1);
}
