import { describe, expect, it } from 'vitest';
import { DeadlineExceededError } from '../../bert/errors.js';
import { ModelPool, type TakeOptions } from './model-pool.js';

/** A resource whose loading, use and closing the test controls and counts. */
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
  const subject = new ModelPool<Loadable>(capacity, async (id) => {
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

/** Takes one, works with it and releases it. */
async function use<R>(
  pool: ModelPool<Loadable>,
  key: string,
  work: (loaded: Loadable, retire: () => void) => Promise<R>,
  options: TakeOptions = {},
): Promise<R> {
  const { value, retire, release } = await pool.take(key, options);
  try {
    return await work(value, retire);
  } finally {
    release();
  }
}

const keys = (cache: ModelPool<Loadable>) => cache.held.map(({ key }) => key);
const tick = (milliseconds = 1) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

describe('ModelPool', () => {
  it('loads once for all who ask together', async () => {
    const { subject, loads } = cache(2);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => use(subject, 'a', (a) => a.work(tick()))),
    );
    expect(answers).toEqual(['a', 'a', 'a', 'a', 'a']);
    expect(loads).toEqual(['a']);
  });

  it('lets the least recently used one leave', async () => {
    const { subject, loads, open } = cache(2);
    for (const id of ['a', 'b', 'a', 'c']) await use(subject, id, (one) => one.work(tick()));
    expect(open.get('b')!.closed).toBe(true);
    expect(open.get('a')!.closed).toBe(false);
    await use(subject, 'a', (one) => one.work(tick()));
    expect(loads).toEqual(['a', 'b', 'c']);
    expect(keys(subject)).toEqual(['c', 'a']);
  });

  it('never closes one in use: who needs its place waits', async () => {
    const { subject, open } = cache(1);
    let done!: () => void;
    const first = use(subject, 'a', (a) => a.work(new Promise((resolve) => (done = resolve))));
    await tick(5);
    const second = use(subject, 'b', (b) => b.work(tick()));
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
      ids.map((id, i) => tick(i % 9).then(() => use(subject, id, (one) => one.work(tick(i % 4))))),
    );
    expect(answers).toEqual(ids);
    expect(most()).toBeLessThanOrEqual(2);
  });

  it('lets one leave for one that comes, however many ask for it', async () => {
    const { subject, loads } = cache(2);
    for (const id of ['a', 'b']) await use(subject, id, (one) => one.work(tick()));
    await Promise.all(Array.from({ length: 9 }, () => use(subject, 'c', (c) => c.work(tick()))));
    expect(keys(subject)).toEqual(['b', 'c']);
    expect(loads).toEqual(['a', 'b', 'c']);
  });

  it('tells all who wait of a failed load, then tries again and keeps the place free', async () => {
    const { subject, loads } = cache(1);
    const both = await Promise.allSettled(
      [1, 2].map(() => use(subject, 'broken', (one) => one.work(tick()))),
    );
    expect(both.map((one) => one.status)).toEqual(['rejected', 'rejected']);
    await expect(use(subject, 'broken', (one) => one.work(tick()))).rejects.toThrow(
      'broken cannot be loaded',
    );
    expect(loads).toEqual(['broken', 'broken']);
    expect(await use(subject, 'a', (one) => one.work(tick()))).toBe('a');
  });

  it('removes one, or all, when their users are done', async () => {
    const { subject, open } = cache(2);
    const using = use(subject, 'a', (a) => a.work(tick(20)));
    await use(subject, 'b', (b) => b.work(tick()));
    await subject.remove();
    expect([...open.values()].map((one) => one.closed)).toEqual([true, true]);
    expect(await using).toBe('a');
    await subject.remove((key) => key === 'never there');
  });

  it('loads one afresh that its user retires, once all of its users are done', async () => {
    const { subject, loads } = cache(2);
    const slow = use(subject, 'a', (a) => a.work(tick(20)));
    await use(subject, 'a', async (_a, retire) => retire());
    expect(subject.held).toMatchObject([{ key: 'a', state: 'leaving' }]);
    expect(await use(subject, 'a', (a) => a.work(tick()))).toBe('a');
    expect(await slow).toBe('a');
    expect(loads).toEqual(['a', 'a']);
    expect(subject.held).toMatchObject([{ key: 'a', state: 'ready', loadedAt: expect.any(Date) as Date }]);
  });

  it('lets those go who cannot wait any longer, for room or for the loading', async () => {
    const { subject, loads } = cache(1);
    let done!: () => void;
    const using = use(subject, 'a', (a) => a.work(new Promise((resolve) => (done = resolve))));
    await tick(5);
    const late = use(subject, 'b', (b) => b.work(tick()), { deadline: performance.now() + 10 });
    await expect(late).rejects.toThrow(DeadlineExceededError);
    const gone = new AbortController();
    const left = use(subject, 'b', (b) => b.work(tick()), { signal: gone.signal });
    gone.abort();
    await expect(left).rejects.toThrow('aborted');
    done();
    await using;
    expect(loads).toEqual(['a']);
    expect(await use(subject, 'b', (b) => b.work(tick()), { deadline: Infinity })).toBe('b');
    await expect(use(subject, 'c', (c) => c.work(tick()), { deadline: 0 })).rejects.toThrow(
      DeadlineExceededError,
    );
    await tick(10);
    expect(await use(subject, 'c', (c) => c.work(tick()))).toBe('c');
  });

  it('takes nobody any more once it is closed', async () => {
    const { subject, open } = cache(1);
    const using = use(subject, 'a', (a) => a.work(tick(10)));
    await tick(5);
    const waiting = use(subject, 'b', (b) => b.work(tick()));
    await subject.close();
    expect(await using).toBe('a');
    await expect(waiting).rejects.toThrow('closed');
    expect([...open.values()].every(({ closed }) => closed)).toBe(true);
  });
});

describe('a successor in a ModelPool', () => {
  const beside = (...leaves: string[]) => ({
    beside: { leavesFirst: (key: string) => leaves.includes(key) },
  });

  it('is loaded while the others stay, and takes the place of its predecessor', async () => {
    const { subject, open, most } = cache(2);
    for (const id of ['c', 'a']) await use(subject, id, (one) => one.work(tick()));
    const seen: string[][] = [];
    await use(subject, 'b', async () => void seen.push(keys(subject)), beside('a'));
    expect(seen).toEqual([['c', 'a', 'b']]);
    // A request that was just sent to the predecessor still finds it.
    expect(await use(subject, 'a', (a) => a.work(tick()))).toBe('a');
    await tick(5);
    expect(keys(subject)).toEqual(['c', 'b']);
    expect(open.get('a')!.closed).toBe(true);
    expect(most()).toBe(3);
  });

  it('leaves its predecessor where there is room', async () => {
    const { subject } = cache(2);
    await use(subject, 'a', (a) => a.work(tick()));
    await use(subject, 'b', (b) => b.work(tick()), beside('a'));
    await tick(5);
    expect(keys(subject)).toEqual(['a', 'b']);
  });

  it('waits until there is but one too many, with those who are on their way out', async () => {
    const { subject, most, loads } = cache(1);
    let done!: () => void;
    const using = use(subject, 'a', (a) => a.work(new Promise((resolve) => (done = resolve))));
    await tick(5);
    await use(subject, 'b', (b) => b.work(tick()), beside('a'));
    await tick(5);
    const next = use(subject, 'c', (c) => c.work(tick()), beside('b'));
    await tick(5);
    expect(loads).toEqual(['a', 'b']);
    expect(await use(subject, 'b', (b) => b.work(tick()))).toBe('b');
    done();
    expect(await Promise.all([using, next])).toEqual(['a', 'c']);
    await tick(5);
    expect(keys(subject)).toEqual(['c']);
    expect(most()).toBe(2);
  });

  it('that cannot be loaded, or is given up, leaves the others as they are', async () => {
    const { subject } = cache(1);
    await use(subject, 'a', (a) => a.work(tick()));
    await expect(use(subject, 'broken', async () => {}, beside('broken'))).rejects.toThrow('broken');
    const gone = new AbortController();
    const given = use(subject, 'b', async () => {}, { signal: gone.signal, ...beside('b') });
    gone.abort();
    await expect(given).rejects.toThrow('aborted');
    await tick(10);
    expect(keys(subject)).toEqual(['a']);
  });

  it('does not keep others from being served', async () => {
    const { subject, most } = cache(1);
    const successor = use(subject, 'b', async () => tick(20), beside());
    const others = Promise.all(['a', 'c', 'a', 'b'].map((id) => use(subject, id, (one) => one.work(tick()))));
    expect(await others).toEqual(['a', 'c', 'a', 'b']);
    await successor;
    await tick(5);
    expect(subject.held).toHaveLength(1);
    expect(most()).toBeLessThanOrEqual(2);
  });
});
