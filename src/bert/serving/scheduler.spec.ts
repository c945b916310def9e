import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeadlineExceededError, QueueFullError } from '../errors.js';
import type { BatchLogits } from './inference-thread.js';
import { Scheduler, type ScheduleOptions, type SchedulerLimits } from './scheduler.js';
import type { ComputedBatch, Scored } from './scoring-request.js';
import { batchCost } from './waiting-line.js';

type TokenIds = readonly number[];

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['performance', 'setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'],
  });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets everything happen that needs no time to pass. */
const now = () => vi.advanceTimersByTimeAsync(0);

/** A sentence with this many tokens. No two are the same. */
function sentence(tokens: number): TokenIds {
  return [unique++, ...Array<number>(tokens - 1).fill(0)];
}
let unique = 1;

/** The logits from the scripted thread identify the sentence. */
const logitsOf = (tokenIds: TokenIds) => [tokenIds[0]!, tokenIds.length];

/** An inference thread whose batches end when the test says so. */
class ScriptedThread {
  /** Handed over and not finished. */
  readonly running: { sentences: readonly TokenIds[]; end: (outcome?: Error | number) => Promise<void> }[] =
    [];
  /** Everything that was handed over. */
  readonly batches: (readonly TokenIds[])[] = [];

  readonly run = (sentences: readonly TokenIds[]): Promise<BatchLogits> => {
    this.batches.push(sentences);
    return new Promise((resolve, reject) => {
      const end = (outcome: Error | number = 0.01) => {
        this.running.splice(this.running.indexOf(batch), 1);
        if (outcome instanceof Error) reject(outcome);
        else resolve({ logits: Float32Array.from(sentences.flatMap(logitsOf)), seconds: outcome });
        return now().then(() => {});
      };
      const batch = { sentences, end };
      this.running.push(batch);
    });
  };

  /** Finishes batches, each after `milliseconds`, until none is left. */
  async finish(milliseconds = 10): Promise<void> {
    await now();
    while (this.running.length > 0) {
      await vi.advanceTimersByTimeAsync(milliseconds);
      await this.running[0]!.end(milliseconds / 1000);
    }
  }
}

function setUp(limits: Partial<SchedulerLimits> = {}) {
  const thread = new ScriptedThread();
  const seen = { queued: 0, computed: [] as ComputedBatch[] };
  const scheduler = new Scheduler(
    thread.run,
    { tokensPerBatch: 100, maxQueuedSentences: Infinity, maxWait: 0, ...limits },
    { queued: (change) => (seen.queued += change), computed: (batch) => seen.computed.push(batch) },
  );
  const score = (sentences: readonly TokenIds[], options?: ScheduleOptions) => {
    const scored = scheduler.score(sentences.length, () => Promise.resolve(sentences), options);
    // The test looks at the expected rejection later.
    scored.catch(() => {});
    return scored;
  };
  return { thread, seen, scheduler, score };
}

function expectOwnLogits({ logits }: Scored, sentences: readonly TokenIds[]): void {
  expect([...logits]).toEqual(sentences.flatMap(logitsOf));
}

describe('a single sentence', () => {
  it('goes straight through an idle scheduler, without a timer', async () => {
    const { thread, score } = setUp();
    const [only] = [sentence(9)];
    const scored = score([only], { deadline: 1000 });
    await now();
    expect(thread.batches).toEqual([[only]]);
    expect(vi.getTimerCount()).toBe(0);
    await thread.finish();
    expectOwnLogits(await scored, [only]);
  });

  it('is told how long it waited and was computed, and with how many', async () => {
    const { thread, score, seen } = setUp();
    void score([sentence(4)]);
    await now();
    const two = score([sentence(6), sentence(8)]);
    void score([sentence(5)]);
    await vi.advanceTimersByTimeAsync(20);
    await thread.running[0]!.end(0.02);
    await vi.advanceTimersByTimeAsync(30);
    await thread.running[0]!.end(0.03);
    expect(await two).toMatchObject({ inferenceSeconds: 0.03, batches: 1, batchSize: 3 });
    expect((await two).queueSeconds).toBeCloseTo(0.02, 9);
    expect(seen.computed).toEqual([
      { sentences: 1, tokens: 4, seconds: 0.02, startedAt: 0, endedAt: 20 },
      { sentences: 3, tokens: 19, seconds: 0.03, startedAt: 20, endedAt: 50 },
    ]);
  });
});

describe('a batch', () => {
  it('holds what has arrived together', async () => {
    const { thread, score } = setUp();
    for (let i = 0; i < 5; i++) void score([sentence(8)]);
    await now();
    expect(thread.batches.map((batch) => batch.length)).toEqual([5]);
  });

  it('holds what came while the one before was computed', async () => {
    const { thread, score } = setUp();
    void score([sentence(8)]);
    await now();
    for (let i = 0; i < 5; i++) void score([sentence(8)]);
    await now();
    expect(thread.running).toHaveLength(1);
    await thread.finish();
    expect(thread.batches.map((batch) => batch.length)).toEqual([1, 5]);
  });

  it('has sentences of like length, the longest first', async () => {
    const { thread, score } = setUp();
    const lengths = [10, 40, 9, 41, 11, 39, 10, 8, 12];
    void score(lengths.map(sentence));
    await thread.finish();
    expect(thread.batches.map((batch) => batch.map(({ length }) => length))).toEqual([
      [41, 40, 12],
      [39, 11, 10, 10, 9, 8],
    ]);
  });

  it('keeps within the budget, but for a sentence that is longer', async () => {
    const { thread, score } = setUp();
    const long = [sentence(300), sentence(150)];
    const short = Array.from({ length: 30 }, () => sentence(10));
    const scored = score([...short.slice(0, 15), ...long, ...short.slice(15)]);
    await thread.finish();
    for (const batch of thread.batches) {
      const longest = Math.max(...batch.map(({ length }) => length));
      expect(batch.length === 1 || batchCost(batch.flat().length, batch.length * longest) <= 100).toBe(true);
    }
    expect(thread.batches.slice(0, 2)).toEqual([[long[0]], [long[1]]]);
    expectOwnLogits(await scored, [...short.slice(0, 15), ...long, ...short.slice(15)]);
  });

  it('of a very long sentence keeps up the others for its own time only', async () => {
    const { thread, score } = setUp();
    void score([sentence(500), sentence(500)]);
    await now();
    const single = score([sentence(7)]);
    await thread.running[0]!.end(1);
    expect(thread.running[0]!.sentences.map(({ length }) => length)).toEqual([7]);
    await thread.finish();
    await single;
  });
});

describe('turns', () => {
  it('let singles beside a request of 256 wait for one batch, or two that are short', async () => {
    const { thread, score } = setUp({ tokensPerBatch: 512 });
    const many = Array.from({ length: 256 }, (_, i) => sentence(5 + (i % 30)));
    const big = score(many);
    await now();
    let bigDone = false;
    void big.then(() => (bigDone = true));
    const waits: number[] = [];
    while (!bigDone) {
      // A client that asks again as soon as it gets an answer.
      const before = thread.batches.length;
      const single = sentence(5 + (waits.length % 30));
      const answer = score([single]);
      await now();
      while (!thread.batches.flat().includes(single)) await thread.running[0]!.end(0.04);
      waits.push(thread.batches.findIndex((batch) => batch.includes(single)) - before);
      while (thread.running.some(({ sentences }) => sentences.includes(single)))
        await thread.running[0]!.end(0.04);
      await answer;
    }
    expect(waits.length).toBeGreaterThan(2);
    // Number of batches handed over between its arrival and its own batch.
    expect(Math.max(...waits)).toBe(0);
    expectOwnLogits(await big, many);
  });

  it('let a request of many get on among singles that never end', async () => {
    const { thread, score } = setUp();
    const many = Array.from({ length: 64 }, () => sentence(10));
    let done = false;
    void score(many).then(() => (done = true));
    for (let batches = 0; !done; batches++) {
      for (let i = 0; i < 10; i++) void score([sentence(10)]);
      await now();
      await thread.running[0]!.end(0.1);
      // A batch has ten sentences, and half of every other batch goes to the large request.
      expect(batches).toBeLessThan(30);
    }
  });

  it('are taken by singles in the order in which they came', async () => {
    const { thread, score } = setUp();
    const singles = Array.from({ length: 25 }, () => sentence(10));
    void score([sentence(10)]);
    await now();
    for (const single of singles) void score([single]);
    await thread.finish(100);
    expect(thread.batches.slice(1).flat()).toEqual(singles);
  });

  it('come round for every one of many requests', async () => {
    const { thread, score } = setUp();
    const requests = Array.from({ length: 5 }, () => Array.from({ length: 20 }, () => sentence(10)));
    for (const sentences of requests) void score(sentences);
    await now();
    for (let i = 0; i < 5; i++) await thread.running[0]!.end(0.1);
    const computed = new Set(thread.batches.slice(0, 5).flat());
    for (const sentences of requests) {
      const share = sentences.filter((one) => computed.has(one)).length;
      expect(share).toBeGreaterThanOrEqual(8);
      expect(share).toBeLessThanOrEqual(12);
    }
  });
});

describe('the same sentence', () => {
  it('is computed once for one request', async () => {
    const { thread, score } = setUp();
    const [a, b] = [sentence(5), sentence(5)];
    const scored = score([a, b, [...a], a]);
    await thread.finish();
    expect(thread.batches.flat()).toHaveLength(2);
    expectOwnLogits(await scored, [a, b, a, a]);
  });

  it('is computed once for several requests, be it waiting or being computed', async () => {
    const { thread, score, seen } = setUp();
    const [a, b] = [sentence(5), sentence(6)];
    const first = score([a]);
    await now();
    const others = [score([[...a], b]), score([[...b]]), score([a])];
    await now();
    expect(seen.queued).toBe(2);
    await thread.finish();
    expect(thread.batches).toEqual([[a], [b]]);
    expectOwnLogits(await first, [a]);
    const answers = await Promise.all(others);
    expectOwnLogits(answers[0]!, [a, b]);
    expectOwnLogits(answers[1]!, [b]);
    expectOwnLogits(answers[2]!, [a]);
  });

  it('is computed anew once it was answered', async () => {
    const { thread, score } = setUp();
    const a = sentence(5);
    for (let i = 0; i < 2; i++) {
      const scored = score([a]);
      await thread.finish();
      expectOwnLogits(await scored, [a]);
    }
    expect(thread.batches).toHaveLength(2);
  });
});

describe('a client that has gone', () => {
  it('costs no computation', async () => {
    const { thread, score, seen } = setUp();
    void score([sentence(5)]);
    await now();
    const client = new AbortController();
    const gone = Array.from({ length: 50 }, () => sentence(9));
    const scored = score(gone, { signal: client.signal });
    const other = sentence(9);
    const waiting = score([other]);
    await now();
    client.abort();
    await expect(scored).rejects.toBe(client.signal.reason);
    expect(seen.queued).toBe(1);
    await thread.finish();
    expectOwnLogits(await waiting, [other]);
    expect(thread.batches.slice(1)).toEqual([[other]]);
  });

  it('takes nothing from others who ask for the same', async () => {
    const { thread, score } = setUp();
    void score([sentence(5)]);
    await now();
    const client = new AbortController();
    const [mine, shared] = [sentence(6), sentence(7)];
    const gone = score([mine, shared, shared], { signal: client.signal });
    const stays = score([shared]);
    await now();
    client.abort();
    await thread.finish();
    await expect(gone).rejects.toThrow('abort');
    expectOwnLogits(await stays, [shared]);
    expect(thread.batches.slice(1)).toEqual([[shared]]);
  });

  it('is not even taken if it had gone before, or while its sentences were tokenised', async () => {
    const { thread, scheduler, seen } = setUp();
    await expect(
      scheduler.score(1, () => Promise.resolve([sentence(5)]), { signal: AbortSignal.abort() }),
    ).rejects.toThrow('abort');
    expect(seen.queued).toBe(0);
    expect(thread.batches).toEqual([]);
  });

  it('while its sentences are computed disturbs nobody', async () => {
    const { thread, score } = setUp();
    const client = new AbortController();
    const [a, b] = [sentence(5), sentence(5)];
    const gone = score([a], { signal: client.signal });
    const stays = score([b]);
    await now();
    client.abort();
    await expect(gone).rejects.toThrow('abort');
    await thread.finish();
    expectOwnLogits(await stays, [b]);
  });
});

describe('a deadline', () => {
  it('ends what still waits, at its time', async () => {
    const { thread, score, seen } = setUp();
    void score([sentence(5)]);
    await now();
    const start = performance.now();
    const late = [
      score([sentence(6)], { deadline: start + 50 }),
      score([sentence(7)], { deadline: start + 80 }),
    ];
    const patient = score([sentence(8)]);
    const failed: number[] = [];
    for (const scored of late) scored.catch(() => failed.push(performance.now() - start));
    await vi.advanceTimersByTimeAsync(200);
    expect(failed).toEqual([50, 80]);
    for (const scored of late) await expect(scored).rejects.toThrow(DeadlineExceededError);
    expect(seen.queued).toBe(1);
    await thread.finish();
    await patient;
    expect(thread.batches.flat()).toHaveLength(2);
  });

  it('lets finish what is being computed', async () => {
    const { thread, score } = setUp();
    const a = sentence(5);
    const scored = score([a], { deadline: 50 });
    await now();
    await vi.advanceTimersByTimeAsync(100);
    await thread.finish();
    expectOwnLogits(await scored, [a]);
  });

  it('ends a request of which something is computed and something waits', async () => {
    const { thread, score } = setUp();
    const many = Array.from({ length: 30 }, () => sentence(10));
    const scored = score(many, { deadline: 50 });
    await now();
    expect(thread.batches.flat()).toHaveLength(10);
    await vi.advanceTimersByTimeAsync(60);
    await expect(scored).rejects.toThrow(DeadlineExceededError);
    await thread.finish();
    expect(thread.batches.flat()).toHaveLength(10);
  });

  it('that has passed when the sentences are tokenised ends the request', async () => {
    const { scheduler, seen } = setUp();
    const slow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return [sentence(5)];
    };
    const scored = expect(scheduler.score(1, slow, { deadline: 50 })).rejects.toThrow(DeadlineExceededError);
    await vi.advanceTimersByTimeAsync(60);
    await scored;
    expect(seen.queued).toBe(0);
  });
});

describe('a full queue', () => {
  it('refuses what does not fit, singles and batches alike, and says when to come again', async () => {
    const { thread, score, seen } = setUp({ maxQueuedSentences: 20 });
    void score([sentence(10)]);
    await now();
    await thread.running[0]!.end(0.5);
    void score([sentence(10)]);
    await now();
    const waiting = score(Array.from({ length: 20 }, () => sentence(10)));
    const refusal = (sentences: number) =>
      score(Array.from({ length: sentences }, () => sentence(10))).catch((error: unknown) => error);
    expect(await refusal(1)).toMatchObject({ waiting: 20, retryAfterSeconds: 0.5 });
    expect(await refusal(8)).toMatchObject({ waiting: 20, retryAfterSeconds: 4 });
    expect(await refusal(1)).toBeInstanceOf(QueueFullError);
    expect(seen.queued).toBe(20);
    await thread.finish();
    await waiting;
    expect(seen.queued).toBe(0);
    const taken = score([sentence(10)]);
    await thread.finish();
    await taken;
  });

  it('takes a request that is larger than the queue when nobody waits', async () => {
    const { thread, score } = setUp({ maxQueuedSentences: 5 });
    const many = Array.from({ length: 40 }, () => sentence(10));
    const scored = score(many);
    await thread.finish();
    expectOwnLogits(await scored, many);
  });

  it('counts what is being tokenised, and no longer what has failed there', async () => {
    const { scheduler, score, seen } = setUp({ maxQueuedSentences: 5 });
    let fail!: (error: Error) => void;
    const tokens = new Promise<TokenIds[]>((_, reject) => (fail = reject));
    const failing = scheduler.score(5, () => tokens);
    await expect(score([sentence(5)])).rejects.toThrow(QueueFullError);
    fail(new Error('no tokens'));
    await expect(failing).rejects.toThrow('no tokens');
    expect(seen.queued).toBe(0);
  });
});

describe('the thread', () => {
  it('has the next batch ahead, if that is full and batches are short', async () => {
    const { thread, score } = setUp();
    const many = (count: number) => Array.from({ length: count }, () => sentence(10));
    void score(many(10));
    await now();
    await thread.running[0]!.end(0.02);
    void score(many(35));
    await now();
    expect(thread.running.map(({ sentences }) => sentences.length)).toEqual([10, 10]);
    await thread.running[0]!.end(0.02);
    expect(thread.running.map(({ sentences }) => sentences.length)).toEqual([10, 10]);
    await thread.running[0]!.end(0.02);
    // A batch that is not full waits for more sentences.
    expect(thread.running.map(({ sentences }) => sentences.length)).toEqual([10]);
    await thread.running[0]!.end(0.02);
    expect(thread.running.map(({ sentences }) => sentences.length)).toEqual([5]);
  });

  it('has one batch at a time where they are long, so that others can join the next', async () => {
    const { thread, score } = setUp();
    void score(Array.from({ length: 40 }, () => sentence(10)));
    await now();
    await thread.running[0]!.end(0.2);
    expect(thread.running).toHaveLength(1);
  });

  it('gets the next batch before the answers of the last are handed out', async () => {
    const { thread, score } = setUp();
    let handedOverByThen = 0;
    void score([sentence(10)]).then(() => (handedOverByThen = thread.batches.length));
    await now();
    void score([sentence(10)]);
    await now();
    await thread.running[0]!.end();
    expect(handedOverByThen).toBe(2);
  });

  it('that fails at a batch fails the requests of that batch only', async () => {
    const { thread, score, seen } = setUp();
    const [a, b] = [sentence(5), sentence(6)];
    const many = Array.from({ length: 30 }, () => sentence(10));
    const first = score([a]);
    await now();
    const half = score(many);
    await now();
    await thread.running[0]!.end(0.2);
    await first;
    await thread.running[0]!.end(new Error('out of memory'));
    const later = score([b]);
    await expect(half).rejects.toThrow('out of memory');
    await thread.finish();
    expectOwnLogits(await later, [b]);
    expect(seen.queued).toBe(0);
    // Of the failed request, only what had been handed over was computed.
    expect(thread.batches.flat().filter((one) => many.includes(one)).length).toBeLessThanOrEqual(20);
  });
});

describe('the longest wait', () => {
  it('lets a batch that is not full wait for company while nothing is computed', async () => {
    const { thread, score } = setUp({ maxWait: 20 });
    void score([sentence(10)]);
    await vi.advanceTimersByTimeAsync(12);
    void score([sentence(10)]);
    await vi.advanceTimersByTimeAsync(7);
    expect(thread.batches).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(thread.batches.map((batch) => batch.length)).toEqual([2]);
  });

  it('ends when the batch is full', async () => {
    const { thread, score } = setUp({ maxWait: 1000 });
    for (let i = 0; i < 10; i++) void score([sentence(10)]);
    await now();
    expect(thread.batches.map((batch) => batch.length)).toEqual([10]);
  });
});

describe('close', () => {
  it('answers what was taken and takes nothing new', async () => {
    const { thread, scheduler, score } = setUp();
    const many = Array.from({ length: 30 }, () => sentence(10));
    const scored = score(many);
    let closed = false;
    const closing = scheduler.close().then(() => (closed = true));
    await expect(score([sentence(3)])).rejects.toThrow('has been closed');
    await now();
    expect(closed).toBe(false);
    await thread.finish();
    expectOwnLogits(await scored, many);
    await closing;
  });
});

describe('whatever happens', () => {
  const request = fc.record({
    at: fc.nat(200),
    // Small numbers as token ids, so that sentences repeat.
    sentences: fc.array(
      fc
        .tuple(fc.nat(40), fc.integer({ min: 2, max: 60 }))
        .map(([id, length]) => [id, ...Array<number>(length - 1).fill(1)]),
      { minLength: 0, maxLength: 20 },
    ),
    leavesAfter: fc.option(fc.nat(150), { freq: 4 }),
    deadlineAfter: fc.option(fc.nat(300), { freq: 4 }),
  });

  it('every request is settled once: with its own logits, or for a reason', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 10, max: 200 }),
        fc.array(fc.record({ milliseconds: fc.integer({ min: 1, max: 80 }), fails: fc.boolean() }), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.constantFrom(0, 15),
        async (requests, tokensPerBatch, script, maxWait) => {
          const { thread, scheduler, seen } = setUp({ tokensPerBatch, maxWait, maxQueuedSentences: 60 });
          const outcomes = requests.map(async ({ at, sentences, leavesAfter, deadlineAfter }) => {
            await new Promise((resolve) => setTimeout(resolve, at));
            const client = new AbortController();
            if (leavesAfter !== null) setTimeout(() => client.abort(), leavesAfter);
            const deadline = deadlineAfter === null ? undefined : performance.now() + deadlineAfter;
            const asked = performance.now();
            return scheduler
              .score(sentences.length, () => Promise.resolve(sentences), { signal: client.signal, deadline })
              .then((scored) => expectOwnLogits(scored, sentences))
              .catch((error: Error) => {
                if (error.name === 'AbortError') return expect(leavesAfter).not.toBeNull();
                if (error instanceof DeadlineExceededError) {
                  return expect(performance.now() - asked).toBeGreaterThanOrEqual(deadlineAfter! - 1);
                }
                if (error instanceof QueueFullError) return expect(error.waiting).toBeGreaterThan(0);
                expect(error.message).toBe('scripted');
              });
          });
          let settled = false;
          const all = Promise.all(outcomes).finally(() => (settled = true));
          all.catch(() => {});
          for (let step = 0; !settled; step++) {
            const { milliseconds, fails } = script[step % script.length]!;
            await vi.advanceTimersByTimeAsync(milliseconds);
            // Rarely enough that requests with several batches can succeed.
            const outcome = fails && step % 3 === 0 ? new Error('scripted') : milliseconds / 1000;
            expect(thread.running.length).toBeLessThanOrEqual(2);
            await thread.running[0]?.end(outcome);
          }
          await all;
          await thread.finish();
          expect(seen.queued).toBe(0);
          for (const batch of thread.batches) {
            const longest = Math.max(...batch.map(({ length }) => length));
            const cost = batchCost(batch.flat().length, batch.length * longest);
            expect(batch.length === 1 || cost <= tokensPerBatch).toBe(true);
            expect(new Set(batch.map((ids) => ids.join())).size).toBe(batch.length);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
