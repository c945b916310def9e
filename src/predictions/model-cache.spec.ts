import { describe, expect, it } from 'vitest';
import { ModelCache } from './model-cache.js';

/** Something to load whose loading, use and closing the test controls and counts. */
class Loadable {
  users = 0;
  closed = false;

  constructor(readonly id: string) {}

  async work(until: Promise<void>): Promise<string> {
    this.users++;
    await until;
    if (this.closed) throw new Error(`${this.id} was closed while in use`);
    this.users--;
    return this.id;
  }

  async close(): Promise<void> {
    if (this.users > 0) throw new Error(`${this.id} was closed while in use`);
    this.closed = true;
  }
}

function cache(capacity: number) {
  const loads: string[] = [];
  const open = new Map<string, Loadable>();
  let most = 0;
  const subject = new ModelCache<Loadable>(capacity, async (id) => {
    loads.push(id);
    await tick();
    if (id.startsWith('broken')) throw new Error(`${id} cannot be loaded`);
    const loaded = new Loadable(id);
    open.set(id, loaded);
    most = Math.max(most, [...open.values()].filter((one) => !one.closed).length);
    return loaded;
  });
  return { subject, loads, open, most: () => most };
}

const tick = (milliseconds = 1) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

describe('ModelCache', () => {
  it('loads once for all who ask together', async () => {
    const { subject, loads } = cache(2);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => subject.use('a', (a) => a.work(tick()))),
    );
    expect(answers).toEqual(['a', 'a', 'a', 'a', 'a']);
    expect(loads).toEqual(['a']);
  });

  it('lets the least recently used one leave', async () => {
    const { subject, loads, open } = cache(2);
    for (const id of ['a', 'b', 'a', 'c']) await subject.use(id, (one) => one.work(tick()));
    expect(open.get('b')!.closed).toBe(true);
    expect(open.get('a')!.closed).toBe(false);
    await subject.use('a', (one) => one.work(tick()));
    expect(loads).toEqual(['a', 'b', 'c']);
    expect(subject.ids).toEqual(['c', 'a']);
  });

  it('never closes one in use: who needs its place waits', async () => {
    const { subject, open } = cache(1);
    let done!: () => void;
    const first = subject.use('a', (a) => a.work(new Promise((resolve) => (done = resolve))));
    await tick(5);
    const second = subject.use('b', (b) => b.work(tick()));
    await tick(10);
    expect(open.get('a')!.closed).toBe(false);
    expect(open.has('b')).toBe(false);
    done();
    expect(await Promise.all([first, second])).toEqual(['a', 'b']);
    expect(open.get('a')!.closed).toBe(true);
  });

  it('serves every request of a crowd without holding more than it may', async () => {
    const { subject, most } = cache(2);
    const ids = Array.from({ length: 60 }, (_, i) => 'abcde'[(i * 7) % 5]!);
    const answers = await Promise.all(
      ids.map((id, i) => tick(i % 9).then(() => subject.use(id, (one) => one.work(tick(i % 4))))),
    );
    expect(answers).toEqual(ids);
    expect(most()).toBeLessThanOrEqual(2);
  });

  it('lets one leave for one that comes, however many ask for it', async () => {
    const { subject, loads } = cache(2);
    for (const id of ['a', 'b']) await subject.use(id, (one) => one.work(tick()));
    await Promise.all(Array.from({ length: 9 }, () => subject.use('c', (c) => c.work(tick()))));
    expect(subject.ids).toEqual(['b', 'c']);
    expect(loads).toEqual(['a', 'b', 'c']);
  });

  it('tells all who wait of a failed load, then tries again and keeps the place free', async () => {
    const { subject, loads } = cache(1);
    const both = await Promise.allSettled([1, 2].map(() => subject.use('broken', (one) => one.work(tick()))));
    expect(both.map((one) => one.status)).toEqual(['rejected', 'rejected']);
    await expect(subject.use('broken', (one) => one.work(tick()))).rejects.toThrow('broken cannot be loaded');
    expect(loads).toEqual(['broken', 'broken']);
    expect(await subject.use('a', (one) => one.work(tick()))).toBe('a');
  });

  it('removes one, or all, when their users are done', async () => {
    const { subject, open } = cache(2);
    const using = subject.use('a', (a) => a.work(tick(20)));
    await subject.use('b', (b) => b.work(tick()));
    await subject.remove();
    expect([...open.values()].map((one) => one.closed)).toEqual([true, true]);
    expect(await using).toBe('a');
    await subject.remove('never there');
  });
});
