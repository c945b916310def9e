import { Injectable } from '@nestjs/common';
import { Between, In, IsNull, Not, type EntityManager, type FindOptionsWhere } from 'typeorm';
import type { EngineName } from '../bert/engines/engine.js';
import type { Judgements } from '../bert/evaluation/evaluation.js';
import { NotFoundError } from '../common/errors.js';
import { findPage, type Page, type PageRequest } from '../database/pages.js';
import { findReadableRows } from '../database/readable-rows.js';
import { Transactions } from '../database/transactions.js';
import { countByStatus } from '../database/count-by-status.js';
import {
  hasEnded,
  predecessors,
  runStatuses,
  statusesAtWork,
  type Run,
  type RunCheckpoint,
  type RunPhase,
  type RunStatus,
  type RunSummary,
} from './run.js';
import { RUN_ROW_VERSION, runDetails, RunEntity } from './run.entity.js';
import {
  effectOf,
  statusFacts,
  type NewRunEvent,
  type RunEvent,
  type RunEventData,
  type RunEventType,
} from './run-event.js';
import { RunEventEntity } from './run-event.entity.js';
import { RunJudgementsEntity } from './run-judgements.entity.js';
import type { WaitingRun } from './run-places.js';
import { spread } from './spread.js';

/** The highest priority first; of equal ones, the run that has waited longest. */
const queueOrder = { priority: 'DESC', id: 'ASC' } as const;

/** How a run goes back into the queue. */
export interface Resume extends Pick<Run, 'pauseAfterEpoch'> {
  /** For people to read. */
  reason: string;
}

/** Where runs are named in a sentence. */
const MOST_NAMED = 5;

/** What a writer may change of a run without changing its status. */
export type RunChanges = Omit<Partial<Run>, 'id' | 'status'>;

/** Which runs a list has. */
export type RunFilter = Partial<Pick<Run, 'status' | 'sweepId'>>;

/** Who works on a run. What carries the claim of an earlier attempt, or of another owner, changes nothing. */
export interface Claim {
  runId: string;
  owner: string;
  attempt: number;
}

/** Somebody else has taken the run up, or it does not run any more. */
export class ClaimLostError extends Error {
  override readonly name = 'ClaimLostError';

  constructor({ runId, attempt }: Claim) {
    super(`Attempt ${attempt} does not work on run ${runId} any more.`);
  }
}

/** An event that was stored, or that a run was deleted. */
export type RunNews = { runId: string; event: RunEvent } | { runId: string; event: null };

/** Stores what belongs to an event. What it throws takes the event back too. */
export type RunEventWriter = (runId: string, event: RunEvent) => Promise<void>;

/** Runs and their events in the database. Whatever changes a run is stored together with the event that tells of it. */
@Injectable()
export class RunsRepository {
  private readonly listeners: ((news: RunNews) => void)[] = [];
  private readonly writers: RunEventWriter[] = [];

  constructor(private readonly transactions: Transactions) {}

  /** Calls back after each commit, in the order of the events. */
  onNews(listener: (news: RunNews) => void): void {
    this.listeners.push(listener);
  }

  /** Has something stored in the transaction of each event: both are stored, or neither. */
  storeWith(writer: RunEventWriter): void {
    this.writers.push(writer);
  }

  async insert(run: Run): Promise<void> {
    await this.transactions.run(async (manager) => {
      await manager.insert(RunEntity, { ...run, version: RUN_ROW_VERSION });
      await this.append(manager, run.id, { type: 'status', data: { status: run.status } });
    });
  }

  find(id: string): Promise<Run | null> {
    return this.runs.findOneBy({ id });
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<Run> {
    const run = await this.find(id);
    return run ?? noSuchRun(id);
  }

  /** @throws NotFoundError */
  async statusOf(id: string): Promise<RunStatus> {
    const run = await this.runs.findOne({ select: { status: true }, where: { id } });
    return run?.status ?? noSuchRun(id);
  }

  page(query: PageRequest, filter: RunFilter = {}): Promise<Page<RunSummary>> {
    return findPage(this.runs, query, filter as FindOptionsWhere<RunEntity>, runDetails);
  }

  async sweepOf(id: string): Promise<string | null> {
    // No more of it: runs of which something cannot be read are asked about too.
    const run = await this.runs.findOne({ select: { id: true, sweepId: true }, where: { id } });
    return run?.sweepId ?? null;
  }

  ofSweep(sweepId: string): Promise<Run[]> {
    return findReadableRows(this.runs, { where: { sweepId }, order: { trial: 'ASC' } });
  }

  /** How often a run was taken up; 0 where there is none. */
  async attemptOf(id: string): Promise<number> {
    const run = await this.runs.findOne({ select: { attempt: true }, where: { id } });
    return run?.attempt ?? 0;
  }

  /** The run that comes next: of those with the highest priority, the one that has waited longest. */
  async nextQueued(except: readonly string[] = []): Promise<string | null> {
    const run = await this.runs.findOne({
      select: { id: true },
      where: { status: 'queued', id: Not(In(except)) },
      order: queueOrder,
    });
    return run?.id ?? null;
  }

  /** Those that wait, in the order in which they start, and how long each will take. */
  async waiting(): Promise<WaitingRun[]> {
    const found = await this.runs.find({
      select: { id: true, estimatedSeconds: true, progress: true },
      where: { status: 'queued' },
      order: queueOrder,
    });
    return found.map(({ id, estimatedSeconds, progress }) => ({
      id,
      seconds: estimatedSeconds === null ? null : estimatedSeconds * (1 - progress),
    }));
  }

  /** When those at work are likely to end; null where that is not known. */
  async finishes(): Promise<(Date | null)[]> {
    const found = await findReadableRows(this.runs, {
      select: { id: true, estimatedFinish: true },
      where: { status: In(statusesAtWork) },
    });
    return found.map(({ estimatedFinish }) => estimatedFinish);
  }

  countQueued(): Promise<number> {
    return this.runs.countBy({ status: 'queued' });
  }

  /** The base models of the runs that have not ended, and of each the run that comes first. */
  async usesOfBaseModels(): Promise<Map<string, string>> {
    const open = await this.runs.find({
      select: { id: true, baseModel: true },
      where: { status: In(runStatuses.filter((status) => !hasEnded(status))) },
      // The running one is the oldest.
      order: { id: 'DESC' },
    });
    return new Map(open.map(({ id, baseModel }) => [baseModel, id]));
  }

  /** Some of the runs that train or validate on a dataset, oldest first, and whether there are more. */
  async usersOfDataset(datasetId: string): Promise<{ ids: string[]; areMore: boolean }> {
    const runs = await this.runs.find({
      select: { id: true },
      where: [{ datasetId }, { validationDatasetId: datasetId }],
      order: { id: 'ASC' },
      take: MOST_NAMED + 1,
    });
    return { ids: runs.slice(0, MOST_NAMED).map(({ id }) => id), areMore: runs.length > MOST_NAMED };
  }

  /** A run that has not ended and begins with the weights of a model; null where there is none. */
  async userOfModel(initialModelId: string): Promise<string | null> {
    const status = In(runStatuses.filter((one) => !hasEnded(one)));
    return (await this.runs.findOne({ select: { id: true }, where: { initialModelId, status } }))?.id ?? null;
  }

  countByStatus(): Promise<Record<RunStatus, number>> {
    return countByStatus(this.runs, runStatuses);
  }

  /** The last of those that trained this base model on this engine and succeeded. */
  succeeded(baseModel: string, engine: EngineName): Promise<Run[]> {
    const where = { status: 'succeeded' as const, baseModel, engine };
    return findReadableRows(this.runs, { where, order: { id: 'DESC' }, take: 10 });
  }

  /** The phases that a run has entered, in order, and when: those of a run that was taken up again come again. */
  async phases(runId: string): Promise<{ phase: RunPhase; at: Date }[]> {
    const where = { runId, type: 'phase' satisfies RunEventType };
    const phases = await findReadableRows(this.runEvents, { where, order: { sequence: 'ASC' } });
    return phases.map(({ data, createdAt }) => ({
      phase: (data as { phase: RunPhase }).phase,
      at: createdAt,
    }));
  }

  /** Those that a process works on, or did when it ended. */
  atWork(): Promise<Run[]> {
    return findReadableRows(this.runs, { where: { status: In(statusesAtWork) } });
  }

  /** Those that were interrupted and are to go on by themselves: runs of earlier versions of the service are not. */
  interrupted(): Promise<Run[]> {
    return findReadableRows(this.runs, { where: { status: 'interrupted', finishedAt: IsNull() } });
  }

  /** Those that were cancelled and still have a checkpoint; the last comes first. */
  cancelledWithCheckpoint(): Promise<Run[]> {
    return findReadableRows(this.runs, {
      where: { status: 'cancelled', checkpoint: Not(IsNull()) },
      order: { finishedAt: 'DESC' },
    });
  }

  /** The latest checkpoint of a run; null where it has none, or there is no such run. */
  async checkpointOf(id: string): Promise<RunCheckpoint | null> {
    const run = await this.runs.findOne({ select: { id: true, checkpoint: true }, where: { id } });
    return run?.checkpoint ?? null;
  }

  /** The ids of all runs, and the latest checkpoint of each that has one. */
  async checkpoints(): Promise<Map<string, RunCheckpoint | null>> {
    const runs = await findReadableRows(this.runs, { select: { id: true, checkpoint: true } });
    return new Map(runs.map(({ id, checkpoint }) => [id, checkpoint]));
  }

  /** Takes a queued run up for its next attempt. @returns null where somebody else was faster */
  take(runId: string, owner: string, leaseExpiresAt: Date): Promise<Claim | null> {
    return this.transactions.run(async (manager) => {
      const where = { id: runId, status: 'queued' as const };
      const run = await manager.findOne(RunEntity, { select: { attempt: true }, where });
      if (!run) return null;
      const attempt = run.attempt + 1;
      if (!(await this.transition(runId, { status: 'preparing', attempt }))) return null;
      await manager.update(RunEntity, { id: runId }, { owner, leaseExpiresAt });
      return { runId, owner, attempt };
    });
  }

  /**
   * Brings a run to another status, if it may come there from the one it has now.
   * @param worker the claim of the one who works on it; null where nobody may work on it; left out where that does not matter
   * @returns whether it did: somebody else may have been faster
   */
  transition(id: string, data: RunEventData['status'], worker?: Claim | null): Promise<boolean> {
    return this.transactions.run(async (manager) => {
      const event = { type: 'status', data } as const;
      const where = {
        id,
        ...(worker && { owner: worker.owner, attempt: worker.attempt }),
        ...(worker === null && { owner: IsNull() }),
        status: In(predecessors(data.status)),
      };
      // No more of it: even a run of which something cannot be read must be able to end.
      const run = await manager.findOne(RunEntity, { select: statusFacts, where });
      if (!run) return false;
      const { affected } = await manager.update(RunEntity, where, effectOf(event, run));
      if (!affected) return false;
      await this.append(manager, id, event);
      return true;
    });
  }

  /** Puts a run that nobody works on back into the queue. @returns whether it could be */
  requeue(id: string, { reason, pauseAfterEpoch }: Resume): Promise<boolean> {
    return this.transactions.run(async (manager) => {
      if (!(await this.transition(id, { status: 'queued', reason }, null))) return false;
      await manager.update(RunEntity, { id }, { pauseAfterEpoch });
      return true;
    });
  }

  /**
   * Stores what a run at work has come to, together with the event that told of it where there was one.
   * @param judgements of the validation rows, where the event is the best evaluation so far; null removes them
   * @throws ClaimLostError
   */
  async record(
    claim: Claim,
    changes: RunChanges,
    event?: NewRunEvent,
    judgements?: Judgements | null,
  ): Promise<void> {
    const { runId } = claim;
    await this.transactions.run(async (manager) => {
      const { affected } = await manager.update(RunEntity, claimed(claim), changes);
      if (!affected) throw new ClaimLostError(claim);
      if (judgements) await manager.upsert(RunJudgementsEntity, { ...judgements, runId }, ['runId']);
      if (judgements === null) await manager.delete(RunJudgementsEntity, { runId });
      if (event) await this.append(manager, runId, event);
    });
  }

  /** Forgets the checkpoint of a run that has ended. */
  async forgetCheckpoint(id: string): Promise<void> {
    await this.transactions.run((manager) => manager.update(RunEntity, { id }, { checkpoint: null }));
  }

  /** A run with the judgements of its best evaluation; null where they were not kept. @throws NotFoundError */
  withJudgements(id: string): Promise<{ run: Run; judgements: Judgements | null }> {
    // Both as they are at the same moment.
    return this.transactions.run(async (manager) => ({
      run: await this.get(id),
      judgements: await manager.findOneBy(RunJudgementsEntity, { runId: id }),
    }));
  }

  /** @returns whether the claim still holds */
  renewLease(claim: Claim, leaseExpiresAt: Date): Promise<boolean> {
    return this.transactions.run(async (manager) =>
      Boolean((await manager.update(RunEntity, claimed(claim), { leaseExpiresAt })).affected),
    );
  }

  /** Changes of a run what is no part of its course. @throws NotFoundError */
  async change(id: string, changes: Partial<Pick<Run, 'sweepId' | 'trial' | 'modelId'>>): Promise<void> {
    const { affected } = await this.transactions.run((manager) => manager.update(RunEntity, { id }, changes));
    if (!affected) noSuchRun(id);
  }

  /**
   * Deletes a run and its events. Fails on a foreign key where a model descends from it.
   * @param before done first, in the same transaction
   */
  async delete(id: string, before: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.transactions.runDeletion(async (manager) => {
      await before();
      await manager.delete(RunEntity, { id });
      this.transactions.afterCommit(() => this.announce({ runId: id, event: null }));
    });
  }

  /**
   * At most so many of the steps that were stored, evenly spread, the first and the last among them; in order. Steps that were taken
   * again after a resume are those of the later attempt.
   */
  async steps(runId: string, most: number): Promise<(RunEvent & { type: 'step' })[]> {
    const rows = await this.runEvents
      .createQueryBuilder('event')
      .select('event.sequence', 'sequence')
      .addSelect('event.step', 'step')
      .where({ runId, type: 'step' satisfies RunEventType })
      .orderBy('event.sequence', 'DESC')
      .getRawMany<{ sequence: number | string; step: number | null }>();
    // After a resume, until the next step is stored, the run itself says how far it is.
    const run = await this.runs.findOne({ select: { step: true }, where: { id: runId } });
    let following = run ? run.step + 1 : Infinity;
    const curve = rows.filter(({ step }) => {
      if (step === null) return true;
      const isLatest = step < following;
      if (isLatest) following = step;
      return isLatest;
    });
    const sequences = spread(curve.reverse(), most).map(({ sequence }) => Number(sequence));
    const found = await findReadableRows(this.runEvents, {
      where: { runId, sequence: In(sequences) },
      order: { sequence: 'ASC' },
    });
    return found.map((event) => event as unknown as RunEvent & { type: 'step' });
  }

  /** Events with these numbers, in order; those that cannot be read are missing among them. */
  async events(runId: string, from: number, to: number): Promise<RunEvent[]> {
    const found = await findReadableRows(this.runEvents, {
      where: { runId, sequence: Between(from, to) },
      order: { sequence: 'ASC' },
    });
    return found.map((event) => event as unknown as RunEvent);
  }

  /** The number of the last event; 0 where there is none. */
  async lastSequence(runId: string): Promise<number> {
    return (await this.runEvents.maximum('sequence', { runId })) ?? 0;
  }

  private async append(manager: EntityManager, runId: string, { type, data }: NewRunEvent): Promise<void> {
    const last = await manager.maximum(RunEventEntity, 'sequence', { runId });
    const event = { sequence: (last ?? 0) + 1, type, data: { ...data }, createdAt: new Date() } as RunEvent;
    const step = event.type === 'step' ? event.data.step : null;
    await manager.insert(RunEventEntity, { runId, ...event, step, data: event.data as never });
    for (const write of this.writers) await write(runId, event);
    this.transactions.afterCommit(() => this.announce({ runId, event }));
  }

  private get runs() {
    return this.transactions.manager.getRepository(RunEntity);
  }

  private get runEvents() {
    return this.transactions.manager.getRepository(RunEventEntity);
  }

  private announce(news: RunNews): void {
    for (const listener of this.listeners) listener(news);
  }
}

function claimed({ runId, owner, attempt }: Claim) {
  return { id: runId, owner, attempt, status: In(statusesAtWork) };
}

function noSuchRun(id: string): never {
  throw new NotFoundError(`There is no run ${id}. GET /train lists them.`);
}
