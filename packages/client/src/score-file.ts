import { ProblemError } from './errors.js';
import { wait } from './wait.js';

/** What came of one line. */
export interface ScoredLine {
  /** From 1. */
  line: number;
  sentence: string;
  acceptable?: boolean;
  score?: number;
  calibratedScore?: number | null;
  truncated?: boolean;
  /** Why it was not judged. */
  error?: string;
}

/** Lines of a request. */
const SLICE = 500;
/** Requests that are under way at a time: while the service computes one, the next is on its way. */
const UNDER_WAY = 2;

/**
 * Judges the lines of a text, however many, slice by slice, and gives them in order as they come. Empty lines are left out.
 * @param send sends the sentences of one slice as lines of JSON; the answer has lines of JSON
 */
export async function* scoreLines(
  lines: readonly string[],
  send: (body: string, signal: AbortSignal) => Promise<Response>,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<ScoredLine, void, void> {
  // What is under way ends too when whoever reads stops, or when another slice fails.
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
      // Whoever awaits it later gets the reason; until then it must not count as unhandled.
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
