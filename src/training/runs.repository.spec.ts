import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRunsDatabase, type RunsDatabase } from '../../test/support/runs-database.js';
import { ClaimLostError, type RunsRepository } from './runs.repository.js';

let database: RunsDatabase;
let runs: RunsRepository;

beforeAll(async () => {
  database = await openRunsDatabase();
  runs = database.runs;
});
afterAll(() => database.close());
afterEach(() => void vi.useRealTimers());

describe('RunsRepository', () => {
  it('gives a run back as it was stored', async () => {
    const id = await database.addRun({ name: 'First', plan: null, epochs: [] });
    expect(await runs.get(id)).toMatchObject({
      id,
      name: 'First',
      status: 'queued',
      hyperparameters: { maxLength: 'auto', validationFraction: 0.1 },
      plan: null,
      epochs: [],
      leaseExpiresAt: null,
    });
    await expect(runs.get('run_0')).rejects.toThrow('GET /train');
  });

  it('lets one of two have a queued run', async () => {
    const id = await database.addRun();
    const claims = await Promise.all(['a', 'b'].map((owner) => runs.take(id, owner, new Date(0))));
    expect(claims).toEqual([{ runId: id, owner: 'a', attempt: 1 }, null]);
    expect(await runs.get(id)).toMatchObject({ status: 'preparing', owner: 'a', attempt: 1 });
    const statuses = (await runs.events(id, 1, 100)).map(({ data }) => data);
    expect(statuses).toEqual([{ status: 'queued' }, { status: 'preparing', attempt: 1 }]);
  });

  it('lets no earlier attempt write', async () => {
    const id = await database.addRun();
    const first = await database.start(id);
    await runs.transition(id, { status: 'interrupted', restarts: 1, reason: 'It crashed.' });
    expect(await runs.get(id)).toMatchObject({ owner: null, restarts: 1, statusReason: 'It crashed.' });
    await runs.transition(id, { status: 'queued' });
    const second = await database.start(id);
    expect(second.attempt).toBe(2);

    const phase = { type: 'phase', data: { phase: 'training' } } as const;
    await expect(runs.record(first, { phase: 'training' }, phase)).rejects.toThrow(ClaimLostError);
    expect(await runs.transition(id, { status: 'failed' }, first)).toBe(false);
    expect(await runs.renewLease(first, new Date())).toBe(false);
    expect(await runs.transition(id, { status: 'queued' }, null)).toBe(false);
    await runs.record(second, { phase: 'training' }, phase);
    expect(await runs.transition(id, { status: 'paused' }, second)).toBe(true);
    expect(await runs.requeue(id, { reason: 'Somebody resumed it.', pauseAfterEpoch: 2 })).toBe(true);
    expect(await runs.get(id)).toMatchObject({ status: 'queued', pauseAfterEpoch: 2 });
  });

  it('shows of steps that were taken twice those of the later attempt', async () => {
    const id = await database.addRun();
    let claim = await database.start(id);
    const step = (number: number, loss: number) =>
      runs.record(claim, { step: number }, { type: 'step', data: { step: number, loss } as never });
    for (const number of [1, 2, 3, 4]) await step(number, 1);
    await runs.transition(id, { status: 'interrupted' });
    await runs.transition(id, { status: 'queued' });
    claim = await database.start(id);
    for (const number of [3, 4, 5]) await step(number, 2);
    const curve = (await runs.steps(id, 100)).map(({ data }) => [data.step, data.loss]);
    expect(curve).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 2],
      [5, 2],
    ]);
  });

  it('keeps the order of its times, though the clock is set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const at = (time: string) => vi.setSystemTime(new Date(time));
    at('2026-03-01T12:00:00Z');
    const id = await database.addRun();
    at('2026-03-01T12:00:05Z');
    await database.start(id);
    at('2026-02-28T12:00:00Z');
    await runs.transition(id, { status: 'failed' });
    const started = new Date('2026-03-01T12:00:05Z');
    expect(await runs.get(id)).toMatchObject({ startedAt: started, finishedAt: started });

    at('2026-03-01T12:00:00Z');
    const other = await database.addRun();
    at('2026-02-28T12:00:00Z');
    await database.start(other);
    at('2026-03-01T13:00:00Z');
    await runs.transition(other, { status: 'failed' });
    expect(await runs.get(other)).toMatchObject({
      startedAt: new Date('2026-03-01T12:00:00Z'),
      finishedAt: new Date('2026-03-01T13:00:00Z'),
    });
  });

  it('brings no run back from its end', async () => {
    const id = await database.addRun();
    expect(await runs.transition(id, { status: 'succeeded' })).toBe(false);
    expect(await runs.transition(id, { status: 'cancelled' })).toBe(true);
    for (const status of [
      'queued',
      'preparing',
      'running',
      'failed',
      'interrupted',
      'paused',
      'cancelled',
    ] as const) {
      expect(await runs.transition(id, { status })).toBe(false);
    }
    expect((await runs.get(id)).status).toBe('cancelled');
  });

  it('stores what happens together with what it changes, in order', async () => {
    const id = await database.addRun();
    const event = { type: 'phase', data: { phase: 'training' } } as const;
    const nobody = { runId: id, owner: 'me', attempt: 0 };
    await expect(runs.record(nobody, { phase: 'training' }, event)).rejects.toThrow(ClaimLostError);
    const claim = await database.start(id);
    await runs.record(claim, { phase: 'training' }, event);
    expect((await runs.get(id)).phase).toBe('training');
    expect(await runs.events(id, 1, 100)).toMatchObject([
      { sequence: 1, type: 'status', data: { status: 'queued' } },
      { sequence: 2, type: 'status', data: { status: 'preparing' } },
      { sequence: 3, type: 'status', data: { status: 'running' } },
      { sequence: 4, ...event },
    ]);
    expect(await runs.events(id, 2, 2)).toMatchObject([{ sequence: 2 }]);
  });

  it('gives of many steps as many as are wanted, with both ends', async () => {
    const id = await database.addRun();
    const claim = await database.start(id);
    for (let step = 1; step <= 9; step++) {
      const data = { step, epoch: 1, loss: 1, learningRate: 1, gradientNorm: 1 } as never;
      await runs.record(claim, { step }, { type: 'step', data });
      await runs.record(claim, { phase: 'training' }, { type: 'phase', data: { phase: 'training' } });
    }
    const stepsOf = async (most: number) => (await runs.steps(id, most)).map(({ data }) => data.step);
    expect(await stepsOf(100)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await stepsOf(5)).toEqual([1, 3, 5, 7, 9]);
    expect(await stepsOf(2)).toEqual([1, 9]);
    expect(await runs.steps('run_0', 5)).toEqual([]);
  });

  it('renews the lease of its owner alone', async () => {
    const id = await database.addRun();
    const claim = await database.start(id);
    expect(await runs.renewLease({ ...claim, owner: 'somebody else' }, new Date(1))).toBe(false);
    expect(await runs.renewLease(claim, new Date(2))).toBe(true);
    expect((await runs.get(id)).leaseExpiresAt).toEqual(new Date(2));
  });

  it('counts by status, and lists one status', async () => {
    const before = await runs.countByStatus();
    const id = await database.addRun();
    await database.addRun();
    await runs.transition(id, { status: 'cancelled' });
    const { queued, cancelled, ...others } = before;
    expect(await runs.countByStatus()).toEqual({ ...others, queued: queued + 1, cancelled: cancelled + 1 });
    const { items } = await runs.page({ limit: 1 }, { status: 'cancelled' });
    expect(items).toMatchObject([{ id, status: 'cancelled' }]);
  });

  it('keeps the judgements of the best evaluation, those of the last that was', async () => {
    const id = await database.addRun();
    const claim = await database.start(id);
    expect(await runs.withJudgements(id)).toMatchObject({ run: { id }, judgements: null });
    const event = { type: 'evaluation', data: {} as never } as const;
    const first = { labels: Uint8Array.of(1, 0), logOdds: Float32Array.of(0.5, -1e-30) };
    await runs.record(claim, { step: 1 }, event, first);
    await runs.record(claim, { step: 1 }, event);
    expect((await runs.withJudgements(id)).judgements).toEqual({ runId: id, ...first });
    const second = { labels: Uint8Array.of(1, 0), logOdds: Float32Array.of(Infinity, 3.25) };
    await runs.record(claim, { step: 1 }, event, second);
    expect((await runs.withJudgements(id)).judgements).toEqual({ runId: id, ...second });
    await expect(runs.withJudgements('run_0')).rejects.toThrow('GET /train');
  });

  it('stores an evaluation with its judgements, or neither', async () => {
    const id = await database.addRun();
    const claim = await database.start(id);
    const judgements = { labels: Uint8Array.of(1), logOdds: Float32Array.of(1) };
    // What cannot be written as JSON fails after the judgements were written.
    const event = { type: 'evaluation', data: { step: 1n } as never } as const;
    await expect(runs.record(claim, { step: 1 }, event, judgements)).rejects.toThrow('BigInt');
    expect((await runs.withJudgements(id)).judgements).toBeNull();
    expect(await runs.lastSequence(id)).toBe(3);
  });

  it('deletes a run with its events and judgements', async () => {
    const id = await database.addRun();
    const claim = await database.start(id);
    await runs.record(claim, { step: 1 }, undefined, {
      labels: Uint8Array.of(1),
      logOdds: Float32Array.of(1),
    });
    await runs.delete(id);
    expect(await database.transactions.manager.countBy('run_judgements', { runId: id })).toBe(0);
    expect(await runs.find(id)).toBeNull();
    expect(await runs.events(id, 1, 100)).toEqual([]);
  });
});
