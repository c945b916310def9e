import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inWindows } from './in-windows.js';

const tick = (turns = 1): Promise<void> =>
  turns === 0 ? Promise.resolve() : new Promise((resolve) => setImmediate(() => resolve(tick(turns - 1))));

async function* chunksOf(chunks: readonly (readonly number[])[], waits: readonly number[] = [0]) {
  for (const [i, chunk] of chunks.entries()) {
    await tick(waits[i % waits.length]);
    yield chunk;
  }
}

async function collect<R>(results: AsyncIterable<R>): Promise<R[]> {
  const all: R[] = [];
  for await (const result of results) all.push(result);
  return all;
}

describe('inWindows', () => {
  it('gives all results in order, with no window too large and never too many at once', async () => {
    const delays = fc.array(fc.nat(3), { minLength: 1, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer(), { maxLength: 20 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 4 }),
        fc.tuple(delays, delays, delays),
        async (chunks, size, atOnce, [arrivals, works, readings]) => {
          let busy = 0;
          let begun = 0;
          const results = inWindows(chunksOf(chunks, arrivals), {
            size,
            atOnce,
            work: async (window) => {
              expect(window.length).toBeLessThanOrEqual(size);
              expect(++busy).toBeLessThanOrEqual(atOnce);
              await tick(works[begun++ % works.length]);
              busy--;
              return window;
            },
          });
          const all: number[] = [];
          for await (const result of results) {
            expect(result.length).toBeGreaterThan(0);
            all.push(...result);
            await tick(readings[all.length % readings.length]);
          }
          expect(all).toEqual(chunks.flat());
        },
      ),
      { numRuns: 100 },
    );
  });

  it('fills windows from what has arrived, and does not wait for more', async () => {
    let arrive!: (chunk: number[]) => void;
    async function* source() {
      for (;;) yield await new Promise<number[]>((resolve) => (arrive = resolve));
    }
    const results = inWindows(source(), { size: 4, atOnce: 2, work: async (window) => window });
    const first = results.next();
    await tick();
    arrive([1, 2, 3, 4, 5]);
    expect((await first).value).toEqual([1, 2, 3, 4]);
    // Without anything more.
    expect((await results.next()).value).toEqual([5]);
  });

  it('reads no further while nobody takes the results', async () => {
    let read = 0;
    let begun = 0;
    async function* source() {
      for (;;) yield [read++];
    }
    const work = async (window: number[]) => {
      begun++;
      return window;
    };
    const results = inWindows(source(), { size: 2, atOnce: 3, work });
    await results.next();
    await tick(50);
    const [readThen, begunThen] = [read, begun];
    await tick(50);
    expect([read, begun]).toEqual([readThen, begunThen]);
    expect(read).toBeLessThanOrEqual(8);
    expect(begun).toBeLessThanOrEqual(4);
  });

  it('begins the next windows before a result is taken', async () => {
    const begun: number[] = [];
    const work = async ([first]: number[]) => begun.push(first!);
    const results = inWindows(chunksOf([[1, 2, 3, 4, 5]]), { size: 1, atOnce: 2, work });
    await results.next();
    expect(begun).toEqual([1, 2, 3]);
  });

  it('throws what a window throws in its turn, and what the source throws at the end', async () => {
    const work = async ([item]: number[]) => {
      if (item === 3) throw new Error('three');
      await tick(2);
      return item;
    };
    const results = inWindows(chunksOf([[1, 2, 3, 4]]), { size: 1, atOnce: 4, work });
    expect([(await results.next()).value, (await results.next()).value]).toEqual([1, 2]);
    await expect(results.next()).rejects.toThrow('three');

    async function* broken() {
      yield [1, 2];
      throw new Error('source');
    }
    const others = inWindows(broken(), { size: 1, atOnce: 1, work });
    expect([(await others.next()).value, (await others.next()).value]).toEqual([1, 2]);
    await expect(others.next()).rejects.toThrow('source');
  });

  it('gives nothing for nothing', async () => {
    const work = async (window: number[]) => window;
    expect(await collect(inWindows(chunksOf([]), { size: 2, atOnce: 2, work }))).toEqual([]);
    expect(await collect(inWindows(chunksOf([[], []]), { size: 2, atOnce: 2, work }))).toEqual([]);
  });
});
