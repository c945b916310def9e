import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRunsDatabase, type RunsDatabase } from '../../test/support/runs-database.js';
import type { RunsRepository } from './runs.repository.js';

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
    const claims = await Promise.all(
      ['a', 'b'].map((owner) => runs.transition(id, { status: 'running' }, { owner, leaseExpiresAt: null })),
    );
    expect(claims).toEqual([true, false]);
    expect((await runs.get(id)).owner).toBe('a');
    const statuses = (await runs.events(id, 1, 100)).map(({ data }) => data);
    expect(statuses).toEqual([{ status: 'queued' }, { status: 'running' }]);
  });

  it('keeps the order of its times, though the clock is set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const at = (time: string) => vi.setSystemTime(new Date(time));
    at('2026-03-01T12:00:00Z');
    const id = await database.addRun();
    at('2026-03-01T12:00:05Z');
    await runs.transition(id, { status: 'running' });
    at('2026-02-28T12:00:00Z');
    await runs.transition(id, { status: 'failed' });
    const started = new Date('2026-03-01T12:00:05Z');
    expect(await runs.get(id)).toMatchObject({ startedAt: started, finishedAt: started });

    at('2026-03-01T12:00:00Z');
    const other = await database.addRun();
    at('2026-02-28T12:00:00Z');
    await runs.transition(other, { status: 'running' });
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
    for (const status of ['running', 'failed', 'interrupted', 'cancelled'] as const) {
      expect(await runs.transition(id, { status })).toBe(false);
    }
    expect((await runs.get(id)).status).toBe('cancelled');
  });

  it('stores what happens together with what it changes, in order', async () => {
    const id = await database.addRun();
    const event = { type: 'phase', data: { phase: 'training' } } as const;
    await expect(runs.record(id, { phase: 'training' }, event)).rejects.toThrow('This is a bug');
    await runs.transition(id, { status: 'running' });
    await runs.record(id, { phase: 'training' }, event);
    expect((await runs.get(id)).phase).toBe('training');
    expect(await runs.events(id, 1, 100)).toMatchObject([
      { sequence: 1, type: 'status', data: { status: 'queued' } },
      { sequence: 2, type: 'status', data: { status: 'running' } },
      { sequence: 3, ...event },
    ]);
    expect(await runs.events(id, 2, 2)).toMatchObject([{ sequence: 2 }]);
  });

  it('gives of many steps as many as are wanted, with both ends', async () => {
    const id = await database.addRun();
    await runs.transition(id, { status: 'running' });
    for (let step = 1; step <= 9; step++) {
      const data = { step, epoch: 1, loss: 1, learningRate: 1, gradientNorm: 1 } as never;
      await runs.record(id, { step }, { type: 'step', data });
      await runs.record(id, { phase: 'training' }, { type: 'phase', data: { phase: 'training' } });
    }
    const stepsOf = async (most: number) => (await runs.steps(id, most)).map(({ data }) => data.step);
    expect(await stepsOf(100)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await stepsOf(5)).toEqual([1, 3, 5, 7, 9]);
    expect(await stepsOf(2)).toEqual([1, 9]);
    expect(await runs.steps('run_0', 5)).toEqual([]);
  });

  it('renews the lease of its owner alone', async () => {
    const id = await database.addRun();
    await runs.transition(id, { status: 'running' }, { owner: 'me', leaseExpiresAt: new Date(0) });
    expect(await runs.renewLease(id, 'somebody else', new Date(1))).toBe(false);
    expect(await runs.renewLease(id, 'me', new Date(2))).toBe(true);
    expect((await runs.get(id)).leaseExpiresAt).toEqual(new Date(2));
  });

  it('counts by status, and lists one status', async () => {
    const counts = await runs.countByStatus();
    expect(counts).toMatchObject({ queued: 1, cancelled: 1, succeeded: 0 });
    const { items } = await runs.page({ limit: 10 }, { status: 'cancelled' });
    expect(items.map(({ status }) => status)).toEqual(['cancelled']);
  });

  it('keeps the judgements of the best evaluation, those of the last that was', async () => {
    const id = await database.addRun();
    await runs.transition(id, { status: 'running' });
    expect(await runs.withJudgements(id)).toMatchObject({ run: { id }, judgements: null });
    const event = { type: 'evaluation', data: {} as never } as const;
    const first = { labels: Uint8Array.of(1, 0), logOdds: Float32Array.of(0.5, -1e-30) };
    await runs.record(id, { step: 1 }, event, first);
    await runs.record(id, { step: 1 }, event);
    expect((await runs.withJudgements(id)).judgements).toEqual({ runId: id, ...first });
    const second = { labels: Uint8Array.of(1, 0), logOdds: Float32Array.of(Infinity, 3.25) };
    await runs.record(id, { step: 1 }, event, second);
    expect((await runs.withJudgements(id)).judgements).toEqual({ runId: id, ...second });
    await expect(runs.withJudgements('run_0')).rejects.toThrow('GET /train');
  });

  it('stores an evaluation with its judgements, or neither', async () => {
    const id = await database.addRun();
    await runs.transition(id, { status: 'running' });
    const judgements = { labels: Uint8Array.of(1), logOdds: Float32Array.of(1) };
    // What cannot be written as JSON fails after the judgements were written.
    const event = { type: 'evaluation', data: { step: 1n } as never } as const;
    await expect(runs.record(id, { step: 1 }, event, judgements)).rejects.toThrow('BigInt');
    expect((await runs.withJudgements(id)).judgements).toBeNull();
    expect(await runs.lastSequence(id)).toBe(2);
  });

  it('deletes a run with its events and judgements', async () => {
    const id = await database.addRun();
    await runs.transition(id, { status: 'running' });
    await runs.record(id, { step: 1 }, undefined, { labels: Uint8Array.of(1), logOdds: Float32Array.of(1) });
    await runs.delete(id);
    expect(await database.transactions.manager.countBy('run_judgements', { runId: id })).toBe(0);
    expect(await runs.find(id)).toBeNull();
    expect(await runs.events(id, 1, 100)).toEqual([]);
  });
});
