import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRunsDatabase, type RunsDatabase } from '../../test/support/runs-database.js';
import type { Settings } from '../config/settings.js';
import { KEPT, logText } from './run-log.js';
import type { RunPhase } from './run.js';
import { runError } from './run-error.js';
import { RunLogs } from './run-logs.js';

let database: RunsDatabase;
let logs: RunLogs;
beforeAll(async () => {
  database = await openRunsDatabase();
  const settings = { dataFolder: '/srv/wellformed', baseModelFolder: '/srv/base' } as Settings;
  logs = new RunLogs(database.runs, database.transactions, settings);
});
afterAll(() => database.close());

const running = async () => {
  const id = await database.addRun();
  await database.runs.take(id, 'me', new Date());
  return id;
};
const fail = (id: string, message = 'Broken.') =>
  database.runs.transition(id, { status: 'failed', error: runError('unexpected', message) });
const enter = (runId: string, phase: RunPhase) =>
  database.runs.record({ runId, owner: 'me', attempt: 1 }, { phase }, { type: 'phase', data: { phase } });
const textsOf = async (id: string) => (await logs.all(id)).map(({ text }) => text);
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`);

describe('RunLogs', () => {
  it('has all that was said before the end of a run is stored', async () => {
    const id = await running();
    logs.write(id, 'stdout', 'one\r\n\ntwo');
    logs.write(id, 'stderr', 'three');
    await fail(id);
    expect(await logs.all(id)).toMatchObject([
      { sequence: 1, attempt: 0, source: 'service', text: 'Status: queued.' },
      { sequence: 2, attempt: 1, source: 'service', text: 'Status: preparing. Attempt 1.' },
      { sequence: 3, attempt: 1, source: 'stdout', text: 'one' },
      { sequence: 4, attempt: 1, source: 'stdout', text: 'two' },
      { sequence: 5, attempt: 1, source: 'stderr', text: 'three' },
      { sequence: 6, attempt: 1, source: 'service', text: 'Status: failed. Broken. (unexpected)' },
    ]);
  });

  it('stores by itself what no event follows', async () => {
    const id = await running();
    logs.write(id, 'stderr', 'one');
    await expect.poll(() => textsOf(id), { timeout: 20_000 }).toContain('one');
    logs.write(id, 'stderr', 'two');
    await expect.poll(() => textsOf(id), { timeout: 20_000 }).toContain('two');
    expect(await textsOf(id)).toEqual(['Status: queued.', 'Status: preparing. Attempt 1.', 'one', 'two']);
  });

  it('keeps how a run began and what came last, and says what is missing', async () => {
    const id = await running();
    for (const line of numbered(3, 100_000)) logs.write(id, 'stderr', line);
    await fail(id);
    const lines = await logs.all(id);
    expect(lines.map(({ sequence }) => sequence)).toEqual([
      ...Array.from({ length: KEPT.first }, (_, index) => 1 + index),
      ...Array.from({ length: KEPT.last }, (_, index) => 100_001 - KEPT.last + 1 + index),
    ]);
    for (const { source, sequence, text } of lines) {
      if (source === 'stderr') expect(text).toBe(`line ${sequence}`);
    }
    const text = logText(lines).split('\n');
    expect(text[KEPT.first]).toBe(`(Lines ${KEPT.first + 1} to ${100_001 - KEPT.last} were not kept.)`);
    expect(text[KEPT.first + 1]).toMatch(/^\d{4}-\S+Z stderr line 99202$/);
  });

  it('keeps the same where the lines come one batch after another', async () => {
    const id = await running();
    for (let from = 3; from < 1500; from += 100) {
      for (const line of numbered(from, from + 99)) logs.write(id, 'stderr', line);
      await enter(id, 'training');
    }
    const lines = await logs.all(id);
    expect(lines).toHaveLength(KEPT.first + KEPT.last);
    expect(lines.at(KEPT.first - 1)!.sequence).toBe(KEPT.first);
    expect(lines.at(KEPT.first)!.sequence).toBe(lines.at(-1)!.sequence - KEPT.last + 1);
  });

  it('loses and doubles nothing where a transaction fails, or stores several events', async () => {
    const id = await running();
    logs.write(id, 'stdout', 'one');
    const failing = database.transactions.run(async () => {
      await enter(id, 'preparing');
      logs.write(id, 'stdout', 'two');
      await enter(id, 'training');
      throw new Error('The disk is full.');
    });
    await expect(failing).rejects.toThrow('The disk is full.');
    await database.transactions.run(async () => {
      await enter(id, 'preparing');
      logs.write(id, 'stdout', 'three');
      await enter(id, 'training');
    });
    logs.write(id, 'stdout', 'four');
    await fail(id);
    expect((await textsOf(id)).slice(2, -1)).toEqual([
      'one',
      'two',
      'Phase: preparing.',
      'three',
      'Phase: training.',
      'four',
    ]);
  });

  it('shows no folders of the server and no control characters, and cuts long lines', async () => {
    const id = await running();
    logs.write(id, 'stdout', 'bell\u0007\ttab \ud800half');
    logs.write(id, 'service', `Error: ENOENT: '/srv/wellformed/tmp/x'\n    at ${'y'.repeat(5000)}`);
    await fail(id);
    const [bell, message, stack] = (await textsOf(id)).slice(2);
    expect(bell).toBe('bell\ttab half');
    expect(message).toBe("Error: ENOENT: 'wellformed/tmp/x'");
    expect(stack).toBe(`    at ${'y'.repeat(992)}…`);
  });

  it('goes page by page, and on from any line', async () => {
    const id = await running();
    for (const line of numbered(3, 7)) logs.write(id, 'stdout', line);
    await fail(id);
    const first = await logs.page(id, { limit: 5 });
    expect(first.items.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(first.nextCursor).toBe('5');
    const second = await logs.page(id, { limit: 5, cursor: first.nextCursor! });
    expect(second.items.map(({ sequence }) => sequence)).toEqual([6, 7, 8]);
    expect(second.nextCursor).toBeNull();
    expect(await logs.page(id, { limit: 5, cursor: '8' })).toEqual({ items: [], nextCursor: null });
  });

  it('goes with its run, and forgets what comes too late', async () => {
    const id = await running();
    await fail(id);
    await database.runs.delete(id);
    logs.write(id, 'stdout', 'late');
    const other = await running();
    logs.write(other, 'stdout', 'one');
    await expect.poll(() => textsOf(other), { timeout: 20_000 }).toContain('one');
    await expect(logs.all(id)).rejects.toThrow(`There is no run ${id}`);
  });
});
