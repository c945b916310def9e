import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRunsDatabase, type RunsDatabase } from '../../test/support/runs-database.js';
import type { Settings } from '../config/settings.js';
import { InProcessRunQueue } from './in-process-run-queue.js';

let database: RunsDatabase;
let queue: InProcessRunQueue;

beforeEach(async () => {
  database = await openRunsDatabase();
  queue = new InProcessRunQueue(database.runs, { concurrentRuns: 1 } as Settings);
});
afterEach(async () => {
  queue.close();
  await database.close();
});

describe('InProcessRunQueue', () => {
  it('hands out what waits, oldest first, one at a time', async () => {
    const before = [await database.addRun(), await database.addRun()];
    const log: string[] = [];
    queue.process(async (id) => {
      log.push(`+${id}`);
      await database.start(id);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await database.runs.transition(id, { status: 'succeeded' });
      log.push(`-${id}`);
      return false;
    });
    const later = await database.addRun();
    queue.add();
    await vi.waitFor(() => expect(log).toHaveLength(6));
    expect(log).toEqual([...before, later].flatMap((id) => [`+${id}`, `-${id}`]));
  });

  it('hands out those of a higher priority first', async () => {
    const low = await database.addRun({ priority: -1 });
    const [first, second] = [await database.addRun(), await database.addRun()];
    const high = await database.addRun({ priority: 5 });
    const order: string[] = [];
    queue.process(async (id) => {
      await database.start(id);
      order.push(id);
      return false;
    });
    await vi.waitFor(() => expect(order).toEqual([high, first, second, low]));
  });

  it('hands out as many at a time as it may', async () => {
    queue = new InProcessRunQueue(database.runs, { concurrentRuns: 2 } as Settings);
    const ids = [await database.addRun(), await database.addRun(), await database.addRun()];
    const ends = new Map<string, () => void>();
    queue.process(async (id) => {
      await database.start(id);
      await new Promise<void>((resolve) => ends.set(id, resolve));
      return false;
    });
    await vi.waitFor(() => expect([...ends.keys()]).toEqual(ids.slice(0, 2)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(ends.size).toBe(2);
    ends.get(ids[1]!)!();
    await vi.waitFor(() => expect([...ends.keys()]).toEqual(ids));
  });

  it('hands out one that waits for the others when another has ended', async () => {
    queue = new InProcessRunQueue(database.runs, { concurrentRuns: 2 } as Settings);
    const [small, large] = [await database.addRun(), await database.addRun()];
    const turns: string[] = [];
    let end = (): void => undefined;
    queue.process(async (id) => {
      turns.push(id);
      if (id === large && turns.length === 2) return true;
      await database.start(id);
      if (id === small) await new Promise<void>((resolve) => (end = resolve));
      return false;
    });
    await vi.waitFor(() => expect(turns).toEqual([small, large]));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(turns).toHaveLength(2);
    end();
    await vi.waitFor(() => expect(turns).toEqual([small, large, large]));
  });

  it('misses no run that comes when it has just found nothing', async () => {
    const done: string[] = [];
    queue.process(async (id) => {
      await database.start(id);
      done.push(id);
      return false;
    });
    for (let i = 0; i < 50; i++) {
      const id = await database.addRun();
      queue.add();
      // Now and then the queue is in the middle of looking for the next one.
      if (i % 3 === 0) await vi.waitFor(() => expect(done).toContain(id));
    }
    await vi.waitFor(() => expect(done).toHaveLength(50));
  });

  it('goes on after an error', async () => {
    const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const id = await database.addRun();
    let tries = 0;
    queue.process(async (given) => {
      if (++tries === 1) throw new Error('the database is locked');
      await database.start(given);
      return false;
    });
    await vi.waitFor(async () => expect((await database.runs.get(id)).status).toBe('running'), {
      timeout: 5000,
    });
    expect(tries).toBe(2);
    expect(logged).toHaveBeenCalledOnce();
    logged.mockRestore();
  });

  it('hands out nothing once closed', async () => {
    const work = vi.fn(async () => false);
    queue.close();
    queue.process(work);
    await database.addRun();
    queue.add();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(work).not.toHaveBeenCalled();
  });
});
