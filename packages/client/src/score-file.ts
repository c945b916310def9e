import { ProblemError } from './errors.js';
import { wait } from './wait.js';

/** Result for one line. */
export interface ScoredLine {
  /** Line number, from 1. */
  line: number;
  sentence: string;
  acceptable?: boolean;
  score?: number;
  calibratedScore?: number | null;
  truncated?: boolean;
  /** Why the line was not judged. */
  error?: string;
}

/** Number of lines per request. */
const SLICE = 500;
/** The maximum number of concurrent requests. While the service computes one, the next is on its way. */
const UNDER_WAY = 2;

/**
 * Judges the lines of a text of any length in slices. Yields the results in order, as they arrive. Empty
 * lines are skipped.
 * @param send sends the sentences of a slice as JSON lines. The answer has JSON lines.
 */
export async function* scoreLines(
  lines: readonly string[],
  send: (body: string, signal: AbortSignal) => Promise<Response>,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<ScoredLine, void, void> {
  // Abort running requests when the reader stops or another slice fails.
  const end = new AbortController();
  const abort = () => end.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  try {
    const slices: Promise<ScoredLine[]>[] = [];
    let next = 0;
    const begin = () => {
      const first = next;
      next += SLICE;
      const slice = scoreSlice(lines.slice(first, next), first, send, end.signal);
      // A later `await` gets the error. Until then it must not count as an unhandled rejection.
      slice.catch(() => undefined);
      slices.push(slice);
    };
    while (next < lines.length || slices.length > 0) {
      while (slices.length < UNDER_WAY && next < lines.length) begin();
      for (const line of await slices.shift()!) {
        signal?.throwIfAborted();
        yield line;
      }
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    end.abort();
  }
}

async function scoreSlice(
  lines: readonly string[],
  first: number,
  send: (body: string, signal: AbortSignal) => Promise<Response>,
  signal: AbortSignal,
): Promise<ScoredLine[]> {
  const numbered = lines
    .map((sentence, index) => ({ line: first + index + 1, sentence }))
    .filter(({ sentence }) => sentence.trim() !== '');
  if (numbered.length === 0) return [];
  const body = numbered.map(({ line, sentence }) => `${JSON.stringify({ id: line, sentence })}\n`).join('');
  for (;;) {
    try {
      const answer = await (await send(body, signal)).text();
      const judged = new Map(
        answer
          .trimEnd()
          .split('\n')
          .map((text) => JSON.parse(text) as ScoredLine & { id: number })
          .map(({ id, ...rest }) => [id, rest]),
      );
      return numbered.map(({ line, sentence }) => ({ ...judged.get(line), line, sentence }));
    } catch (error) {
      const seconds = error instanceof ProblemError ? error.retryAfterSeconds : undefined;
      if (seconds === undefined) throw error;
      await wait(1000 * seconds, signal);
      signal.throwIfAborted();
    }
  }
}
