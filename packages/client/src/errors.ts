import type { InputProblemDto, ProblemDetails } from './generated/types.gen.js';

/** The service answered with an error. `message` says what to do. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    /** The problem in the answer (RFC 9457). */
    readonly problem: ProblemDetails,
    /** Number of seconds after which to try again, if the service gives one. */
    readonly retryAfterSeconds: number | undefined,
  ) {
    super(problem.detail);
  }

  /**
   * The HTTP status: 401 without a valid key, 404 for an unknown id, 422 for invalid values, 429 for too many
   * requests, and so on.
   */
  get status(): number {
    return this.problem.status;
  }

  /** Each problem with its line and column or its field; at most the first 100. Empty if `message` says everything. */
  get errors(): readonly InputProblemDto[] {
    return this.problem.errors ?? [];
  }
}

/** The service did not answer: it is not running, the network is down, or the request was cut off. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/**
 * Wraps `fetch`, so that its failures become an {@link UnreachableError}, even while the body is read. An
 * abort by the caller stays an abort.
 */
export function tellingFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    const tell = (error: unknown): never => {
      if (signal?.aborted || error instanceof SyntaxError) throw error;
      throw new UnreachableError('The service did not answer. Is it running, and can it be reached?', {
        cause: error,
      });
    };
    const response = await fetch(input, init).catch(tell);
    for (const name of ['arrayBuffer', 'blob', 'json', 'text'] as const) {
      const read = response[name].bind(response) as () => Promise<never>;
      response[name] = () => read().catch(tell);
    }
    return response;
  };
}

/** @param body of the answer, parsed if it is JSON */
export function problemErrorOf(body: unknown, { status, statusText, headers }: Response): ProblemError {
  const seconds = Number(headers.get('retry-after') ?? undefined);
  return new ProblemError(
    isProblem(body)
      ? body
      : // The answer came from something between the client and the service.
        {
          type: 'about:blank',
          title: statusText,
          status,
          detail: `The answer is ${status} ${statusText}.`,
          instance: '',
        },
    Number.isFinite(seconds) ? seconds : undefined,
  );
}

function isProblem(body: unknown): body is ProblemDetails {
  const { status, detail } = (body ?? {}) as Partial<ProblemDetails>;
  return typeof status === 'number' && typeof detail === 'string';
}
