import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ConflictError, ignoring, InvalidInputError, NotFoundError } from '../common/errors.js';
import { isForeignKeyViolation } from '../database/constraint-errors.js';
import type { Page, PageRequest } from '../database/pages.js';
import { Transactions } from '../database/transactions.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import { Instruments } from '../metrics/instruments.js';
import type { Run } from '../training/run.js';
import { TrainingService } from '../training/training.service.js';
import { epochsOfAll, isAtRung } from './halving.js';
import { progressOf, type SweepProgress } from './progress.js';
import { resultsOf, type SweepResults } from './results.js';
import { resumedWithSweep } from './schedule.js';
import { planSearch, refuse, requestOf, type AskedSearch } from './search.js';
import { namesIn } from './space.js';
import {
  hasEnded,
  newSweep,
  sweepStatuses,
  type Search,
  type Sweep,
  type SweepOrder,
  type SweepStatus,
  type SweepSummary,
  type Trial,
} from './sweep.js';
import { SweepScheduler } from './sweep-scheduler.js';
import { SweepsRepository } from './sweeps.repository.js';

/** What somebody asks of a sweep. */
export type SweepRequest = Omit<SweepOrder, 'search'> & { search: AskedSearch };

/** A sweep, and how far it is. */
export interface SweepState extends Sweep {
  progress: SweepProgress;
  /** Null before a run has succeeded. */
  best: { run: Run; trial: Trial } | null;
}

/** What a sweep would take. */
export interface SweepEstimate {
  runs: number;
  combinations: number;
  /** Of all runs one after the other; null where it could not be told. */
  seconds: number | null;
  warnings: string[];
}

/** Trainings that are estimated: others that differ from them take as long on average. */
const MOST_ESTIMATED = 6;

/** What users do with sweeps. */
@Injectable()
export class SweepsService implements OnModuleInit {
  constructor(
    private readonly sweeps: SweepsRepository,
    private readonly scheduler: SweepScheduler,
    private readonly training: TrainingService,
    private readonly transactions: Transactions,
    private readonly instruments: Instruments,
    datasets: DatasetsService,
  ) {
    datasets.keepWhile(async (datasetId) => {
      const id = await this.sweeps.userOfDataset(datasetId);
      return id && `Dataset ${datasetId} is used by ${id}. Delete it first (DELETE /sweeps/${id}).`;
    });
    training.keepWhile(async (runId) => {
      const sweepId = await this.training.sweepOf(runId);
      return sweepId && `Run ${runId} belongs to sweep ${sweepId}. Delete that (DELETE /sweeps/${sweepId}).`;
    });
  }

  onModuleInit(): void {
    this.instruments.beforeScrape(async () => {
      const counts = await this.sweeps.countByStatus();
      for (const status of sweepStatuses) this.instruments.training.sweeps.set({ status }, counts[status]);
    });
  }

  /**
   * Stores a sweep and begins with its runs. Everything is checked before anything is stored.
   * @param alongside done in the transaction that stores the sweep
   * @throws what `TrainingService.create` throws, for each of its runs
   */
  async create(request: SweepRequest, alongside?: (sweep: Sweep) => Promise<void>): Promise<Sweep> {
    const sweep = await this.plan(request);
    try {
      await this.transactions.run(async () => {
        await this.sweeps.insert(sweep);
        await alongside?.(sweep);
      });
    } catch (error) {
      if (!isForeignKeyViolation(error)) throw error;
      throw new NotFoundError(
        'A dataset of this sweep has just been deleted. GET /datasets lists the datasets.',
      );
    }
    this.scheduler.wake(sweep.id);
    return sweep;
  }

  /** What a sweep would take. Checks all that `create` checks, and throws the same; nothing is stored. */
  async estimate(request: SweepRequest): Promise<SweepEstimate> {
    const { trials, ...order } = await this.plan(request);
    const kinds = new Map<string, { trial: Trial; runs: number }>();
    for (const trial of trials) {
      const kind = kinds.get(workOf(trial));
      if (kind) kind.runs++;
      else kinds.set(workOf(trial), { trial, runs: 1 });
    }
    // The order is random, so the first are as good a sample as any.
    const sample = [...kinds.values()].slice(0, MOST_ESTIMATED);
    const warnings = new Set<string>();
    let [seconds, runs]: [number | null, number] = [0, 0];
    for (const kind of sample) {
      const estimate = await this.training.estimate(requestOf(order, kind.trial));
      seconds = seconds === null || estimate.seconds === null ? null : seconds + kind.runs * estimate.seconds;
      runs += kind.runs;
      for (const warning of estimate.warnings) warnings.add(warning);
    }
    const combinations = new Set(trials.map(({ combination }) => combination)).size;
    return {
      runs: trials.length,
      combinations,
      seconds: seconds && ((seconds * trials.length) / runs) * shareTrained(order.search, trials.length),
      warnings: [...warnings],
    };
  }

  /** Newest first. */
  list(query: PageRequest, status?: SweepStatus): Promise<Page<SweepSummary>> {
    return this.sweeps.page(query, status);
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<SweepState> {
    const sweep = await this.sweeps.get(id);
    const runs = await this.training.ofSweep(id);
    const run = runs.find((one) => one.id === sweep.bestRunId);
    return {
      ...sweep,
      progress: progressOf(sweep, runs, new Date()),
      best: run ? { run, trial: sweep.trials[run.trial!]! } : null,
    };
  }

  /** @throws NotFoundError */
  async results(id: string): Promise<{ sweep: Sweep; results: SweepResults }> {
    const sweep = await this.sweeps.get(id);
    return { sweep, results: resultsOf(sweep, await this.training.ofSweep(id)) };
  }

  /** Its runs at work stop with a checkpoint, and no further one starts. @throws NotFoundError, ConflictError where it has ended */
  async pause(id: string): Promise<SweepState> {
    await this.change(id, 'paused', 'pause');
    this.scheduler.wake(id);
    return this.get(id);
  }

  /** Goes on, with all its paused runs, whoever paused them. @throws NotFoundError, ConflictError where it has ended */
  async resume(id: string): Promise<SweepState> {
    await this.change(id, 'running', 'resume');
    for (const run of await this.training.ofSweep(id)) {
      if (run.status !== 'paused' || isAtRung(run)) continue;
      await this.training
        .resume(run.id, run.pauseAfterEpoch, resumedWithSweep)
        .catch(ignoring(ConflictError));
    }
    this.scheduler.wake(id);
    return this.get(id);
  }

  /** Ends its runs and keeps the best model so far. @throws NotFoundError, ConflictError where it has ended in another way */
  async cancel(id: string): Promise<SweepState> {
    const { status } = await this.sweeps.get(id);
    if (status !== 'cancelled') await this.change(id, 'cancelling', 'cancel');
    this.scheduler.wake(id);
    return this.get(id);
  }

  /**
   * Deletes a sweep that has ended, and its runs. Runs whose model is still there stay, and belong to no sweep any more.
   * @throws NotFoundError, ConflictError
   */
  async delete(id: string): Promise<void> {
    const { status } = await this.sweeps.get(id);
    if (!hasEnded(status)) {
      throw new ConflictError(`Sweep ${id} is ${status}. Cancel it first: POST /sweeps/${id}/cancel.`);
    }
    // The sweep goes last: if the service is killed in between, what is left can be deleted once more.
    for (const run of await this.training.ofSweep(id)) {
      await this.training.leaveSweep(run.id);
      // A model that somebody deletes meanwhile changes nothing.
      if (run.modelId === null) await this.training.delete(run.id).catch(ignoring(ConflictError));
    }
    await this.sweeps.delete(id);
  }

  private async plan({ search: asked, ...order }: SweepRequest): Promise<Sweep> {
    const { search, trials } = planSearch(asked, order.budget);
    let current = trials[0]!;
    try {
      await this.training.check(
        trials
          .filter((trial) => trial.seed === search.seeds[0])
          .map((trial) => requestOf({ ...order, search }, trial)),
        (index) => (current = trials[index * search.seeds.length]!),
      );
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      // What the values of a combination led to is wrong with the space.
      const inSpace = error.errors.some(({ path = [] }) => path[0]! in search.space);
      if (!inSpace) throw error;
      refuse([{ path: ['space'], message: `${namesIn(current.values)}: ${error.message}` }]);
    }
    return newSweep({ ...order, search }, trials);
  }

  private async change(id: string, to: SweepStatus, what: string): Promise<void> {
    const { status } = await this.sweeps.get(id);
    if (status === to || (await this.sweeps.transition(id, to))) return;
    const { status: now } = await this.sweeps.get(id);
    throw new ConflictError(
      hasEnded(now)
        ? `Sweep ${id} has ended already: it is ${now}. You cannot ${what} it. Start another one: POST /sweeps.`
        : `Sweep ${id} is ${now}. You cannot ${what} it now.`,
    );
  }
}

/** The share of all epochs that is trained. */
function shareTrained({ rungs }: Search, trials: number): number {
  return rungs ? epochsOfAll(trials, rungs) / (trials * rungs.last) : 1;
}

/** What decides how long a run takes. */
function workOf({ values }: Trial): string {
  const { learningRate: _rate, dropout: _dropout, weightDecay: _decay, ...others } = values;
  return JSON.stringify(others);
}
