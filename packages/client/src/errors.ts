import type { InputProblemDto, ProblemDetails } from './generated/types.gen.js';

/** The service answered, and the answer is an error. `message` says what to do. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    /** What the service says (RFC 9457). */
    readonly problem: ProblemDetails,
    /** In how many seconds to try again, where the service says so. */
    readonly retryAfterSeconds: number | undefined,
  ) {
    super(problem.detail);
  }

  /** The HTTP status: 401 without a key, 404 where there is no such thing, 422 for invalid values, 429 for too many requests, and so on. */
  get status(): number {
    return this.problem.status;
  }

  /** Each single thing that is wrong, with its line and column or its field; the first 100. Empty where there is only one thing to say. */
  get errors(): readonly InputProblemDto[] {
    return this.problem.errors ?? [];
  }
}

/** The service did not answer: it is not running, the network is down, or the request was cut off. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** The same `fetch`, whose failures are an {@link UnreachableError}, also while the body is read. An abort by the caller stays what it is. */
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

/** @param body of the answer, parsed where it is JSON */
export function problemErrorOf(body: unknown, { status, statusText, headers }: Response): ProblemError {
  const seconds = Number(headers.get('retry-after') ?? undefined);
  return new ProblemError(
    isProblem(body)
      ? body
      : // Something between the client and the service answered.
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
