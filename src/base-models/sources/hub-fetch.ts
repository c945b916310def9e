import { setTimeout as sleep } from 'node:timers/promises';
import { SourceError } from '../source.js';

export type Fetch = typeof globalThis.fetch;

/** The maximum number of tries while the hub is busy. It is small, so that the next source is soon tried. */
const maxRequests = 4;

/** The longest pause that the hub may ask for. */
const maxPauseMs = 30_000;

/** The maximum size of all metadata about a model. A page of the listing has a thousand files in about 300 kB. */
const maxToldBytes = 32 * 2 ** 20;
const maxAnswers = 100;

/** Returns a `fetch` with a timeout for the answer's headers. The body may take as long as it needs. */
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
 * Returns a `fetch` that tries again, after a pause, if the hub is busy or has failed: status 429 and 5xx. If
 * the hub cannot be reached, it fails at once, so that a site without the hub goes on to the next source.
 */
export function patientFetch(fetch: Fetch, pauseMs: number, signal: AbortSignal): Fetch {
  return async (input, init) => {
    for (let attempt = 1; ; attempt++) {
      const answer = await fetch(input, init);
      if (answer.ok) return answer;
      await answer.body?.cancel();
      // The body of a refusal may be long, and nobody needs it.
      if ((answer.status !== 429 && answer.status < 500) || attempt === maxRequests)
        return new Response('{}', answer);
      const asked = 1000 * Number(answer.headers.get('retry-after') ?? 0);
      await pause(Math.max(asked || 0, pauseMs * 2 ** (attempt - 1)), signal);
    }
  };
}

/**
 * Pauses a little longer or shorter than given, so that clients that were refused together do not all return
 * together.
 */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const time = Math.min(milliseconds, maxPauseMs) * (0.75 + Math.random() / 2);
  await sleep(time, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** Returns a `fetch` for answers that are kept in memory. Their total size is limited, and none may stall. */
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

/** Yields the chunks of a stream. Fails if a chunk takes too long. */
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
