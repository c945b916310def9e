import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRunsDatabase, type RunsDatabase } from '../../test/support/runs-database.js';
import { InProcessRunQueue } from './in-process-run-queue.js';

let database: RunsDatabase;
let queue: InProcessRunQueue;

beforeEach(async () => {
  database = await openRunsDatabase();
  queue = new InProcessRunQueue(database.runs);
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
      await database.runs.transition(id, { status: 'running' });
      await new Promise((resolve) => setTimeout(resolve, 20));
      await database.runs.transition(id, { status: 'succeeded' });
      log.push(`-${id}`);
    });
    const later = await database.addRun();
    queue.add();
    await vi.waitFor(() => expect(log).toHaveLength(6));
    expect(log).toEqual([...before, later].flatMap((id) => [`+${id}`, `-${id}`]));
  });

  it('misses no run that comes when it has just found nothing', async () => {
    const done: string[] = [];
    queue.process(async (id) => {
      await database.runs.transition(id, { status: 'running' });
      done.push(id);
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
      await database.runs.transition(given, { status: 'running' });
    });
    await vi.waitFor(async () => expect((await database.runs.get(id)).status).toBe('running'), {
      timeout: 5000,
    });
    expect(tries).toBe(2);
    expect(logged).toHaveBeenCalledOnce();
    logged.mockRestore();
  });

  it('hands out nothing once closed', async () => {
    const work = vi.fn(async () => undefined);
    queue.close();
    queue.process(work);
    await database.addRun();
    queue.add();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(work).not.toHaveBeenCalled();
  });
});
