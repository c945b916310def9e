import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRunsDatabase, type RunsDatabase } from '../../test/support/runs-database.js';
import type { Settings } from '../config/settings.js';
import type { NewRunEvent, RunEvent, StepData } from './run-event.js';
import type { Claim } from './runs.repository.js';
import { RunFeed } from './run-feed.js';

let database: RunsDatabase;
let feed: RunFeed;
let runId: string;
let claim: Claim;
let reads: number;

beforeEach(async () => {
  database = await openRunsDatabase();
  const { runs } = database;
  const read = runs.events.bind(runs);
  reads = 0;
  runs.events = (...asked) => {
    reads++;
    return read(...asked);
  };
  feed = new RunFeed(runs, { maxFollowers: 3 } as Settings);
  runId = await database.addRun();
  claim = (await runs.take(runId, 'me', new Date()))!;
});

afterEach(() => database.close());

function step(number: number): NewRunEvent {
  return { type: 'step', data: { step: number } as StepData };
}

async function store(from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++)
    await database.runs.record(claim, { step: number }, step(number));
}

/** Follows to the end of the run. */
async function follow(after = 0): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const news of feed.follow(runId, after)) if (news !== 'alive') events.push(...news);
  return events;
}

const sequences = (events: readonly RunEvent[]) => events.map(({ sequence }) => sequence);
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe('followers of a run', () => {
  it('each get every event once and in order, whenever they come', async () => {
    const early = follow();
    await store(1, 250);
    const late = follow();
    await store(251, 300);
    const returning = follow(280);
    await store(301, 450);
    await database.runs.transition(runId, { status: 'failed' });
    // Queued, running, 450 steps, failed.
    for (const follower of [early, late, follow()]) expect(sequences(await follower)).toEqual(upTo(453));
    expect(sequences(await returning)).toEqual(upTo(453, 281));
  });

  it('read each event once, however many they are', async () => {
    await store(1, 250);
    const many = Array.from({ length: 300 }, () => follow());
    await store(251, 260);
    await database.runs.transition(runId, { status: 'failed' });
    for (const events of await Promise.all(many)) expect(sequences(events)).toEqual(upTo(263));
    // Two pages.
    expect(reads).toBe(2);
  });

  it('read at their own pace, and keep nobody waiting', async () => {
    const slow = feed.follow(runId, 0);
    await slow.next();
    const quick = follow();
    await store(1, 500);
    await database.runs.transition(runId, { status: 'failed' });
    expect(sequences(await quick)).toEqual(upTo(503));
    const rest: RunEvent[] = [];
    for await (const news of slow) if (news !== 'alive') rest.push(...news);
    expect(sequences(rest)).toEqual(upTo(503, 3));
  });

  it('miss no event but those that cannot be read, and wait for none of these', async () => {
    await store(1, 250);
    const damaged = [5, 200, 201];
    for (const sequence of damaged) await database.damageEvent(runId, sequence);
    const all = follow();
    const returning = follow(10);
    await store(251, 260);
    await database.runs.transition(runId, { status: 'failed' });
    const readable = upTo(263).filter((sequence) => !damaged.includes(sequence));
    expect(sequences(await all)).toEqual(readable);
    expect(sequences(await returning)).toEqual(readable.filter((sequence) => sequence > 10));
  });

  it('are told nothing of what is rolled back', async () => {
    const events = follow();
    await expect(
      database.transactions.run(async () => {
        await database.runs.record(claim, { step: 1 }, step(1));
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await database.runs.transition(runId, { status: 'failed' });
    expect((await events).map(({ type }) => type)).toEqual(['status', 'status', 'status']);
  });

  it('are done when the run is deleted, and when the service ends', async () => {
    const ofDeleted = follow();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await database.runs.delete(runId);
    expect(sequences(await ofDeleted)).toEqual([1, 2]);

    runId = await database.addRun();
    const atTheEnd = follow();
    await new Promise((resolve) => setTimeout(resolve, 20));
    feed.close();
    expect(sequences(await atTheEnd)).toEqual([1]);
  });

  it('find a seat, or are told when to come again', () => {
    const leave = [feed.takeSeat(), feed.takeSeat(), feed.takeSeat()];
    expect(() => feed.takeSeat()).toThrow('3 clients follow runs already');
    leave[0]!();
    leave[0]!();
    feed.takeSeat();
    expect(() => feed.takeSeat()).toThrow('3 clients follow runs already');
  });
});
