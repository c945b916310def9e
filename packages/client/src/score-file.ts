import { ProblemError } from './errors.js';

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
 * @param send judges the sentences of one slice, sent as lines of JSON, and answers with lines of JSON
 */
export async function* scoreLines(
  lines: readonly string[],
  send: (body: string) => Promise<string>,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<ScoredLine, void, void> {
  const slices: Promise<ScoredLine[]>[] = [];
  let next = 0;
  const begin = () => {
    const first = next;
    next += SLICE;
    const slice = scoreSlice(lines.slice(first, next), first, send, signal);
    // Whoever awaits it later gets the reason; until then it must not count as unhandled.
    slice.catch(() => undefined);
    slices.push(slice);
  };
  while (next < lines.length || slices.length > 0) {
    while (slices.length < UNDER_WAY && next < lines.length) begin();
    yield* await slices.shift()!;
    signal?.throwIfAborted();
  }
}

async function scoreSlice(
  lines: readonly string[],
  first: number,
  send: (body: string) => Promise<string>,
  signal: AbortSignal | undefined,
): Promise<ScoredLine[]> {
  const numbered = lines
    .map((sentence, index) => ({ line: first + index + 1, sentence }))
    .filter(({ sentence }) => sentence.trim() !== '');
  if (numbered.length === 0) return [];
  const body = numbered.map(({ line, sentence }) => `${JSON.stringify({ id: line, sentence })}\n`).join('');
  for (;;) {
    try {
      const answer = await send(body);
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
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
      signal?.throwIfAborted();
    }
  }
}
