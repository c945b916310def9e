import { setTimeout as sleep } from 'node:timers/promises';
import { SourceError } from '../source.js';

export type Fetch = typeof globalThis.fetch;

/** Requests after which a hub that is busy is given up; short, so that a site goes on to the next source. */
const maxRequests = 4;

/** Longest pause that the hub may ask for before the next try. */
const maxPauseMs = 30_000;

/** What a hub tells of a model, in all its answers together. A page of the listing has a thousand files in some 300 kB. */
const maxToldBytes = 32 * 2 ** 20;
const maxAnswers = 100;

/** `fetch` that gives up if the answer's headers do not come in time; the body may take as long as it needs. */
export function fetchWithTimeout(signal: AbortSignal, timeoutMs: number): Fetch {
  return async (input, init) => {
    const timeout = new AbortController();
    const seconds = Math.round(timeoutMs / 1000);
    const timer = setTimeout(
      () => timeout.abort(new Error(`no answer within ${seconds} seconds`)),
      timeoutMs,
    );
    const signals = [signal, timeout.signal, ...(init?.signal ? [init.signal] : [])];
    try {
      return await globalThis.fetch(input, { ...init, signal: AbortSignal.any(signals) });
    } finally {
      clearTimeout(timer);
    }
  };
}

/**
 * `fetch` that asks again, after a pause, where the hub says that it is busy or has failed: 429 and 5xx, and so no refusal. A hub that
 * cannot be reached is not asked again: a site without it goes on to the next source.
 */
export function patientFetch(fetch: Fetch, pauseMs: number, signal: AbortSignal): Fetch {
  return async (input, init) => {
    for (let attempt = 1; ; attempt++) {
      const answer = await fetch(input, init);
      if (answer.ok) return answer;
      await answer.body?.cancel();
      // What else a refusal says, at whatever length, nobody is told.
      if ((answer.status !== 429 && answer.status < 500) || attempt === maxRequests)
        return new Response('{}', answer);
      const asked = 1000 * Number(answer.headers.get('retry-after') ?? 0);
      await pause(Math.max(asked || 0, pauseMs * 2 ** (attempt - 1)), signal);
    }
  };
}

/** A little more or less than told, so that many who were turned away together do not come back together. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const time = Math.min(milliseconds, maxPauseMs) * (0.75 + Math.random() / 2);
  await sleep(time, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** `fetch` for what is held in memory as a whole: all its answers together have a bound, and none may stand still. */
export function boundedFetch(fetch: Fetch, stallTimeoutMs: number): Fetch {
  let answers = 0;
  let told = 0;
  async function* bounded(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of untilStalled(body, stallTimeoutMs)) {
      told += chunk.length;
      if (told > maxToldBytes) {
        throw new SourceError(
          `the hub tells more of the model than ${maxToldBytes} bytes, which no list of its files has`,
        );
      }
      yield chunk;
    }
  }
  return async (input, init) => {
    if (++answers > maxAnswers) throw new SourceError("the hub's list of the model's files has no end");
    const answer = await fetch(input, init);
    return answer.body ? new Response(ReadableStream.from(bounded(answer.body)), answer) : answer;
  };
}

/** The chunks of a stream; fails if one takes too long. */
export async function* untilStalled(
  stream: ReadableStream<Uint8Array>,
  timeoutMs: number,
): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    while (true) {
      let timer: NodeJS.Timeout | undefined;
      const stalled = new Promise<never>((_, reject) => {
        const seconds = Math.round(timeoutMs / 1000);
        timer = setTimeout(() => reject(new Error(`no data came for ${seconds} seconds`)), timeoutMs);
      });
      const { done, value } = await Promise.race([reader.read(), stalled]).finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
