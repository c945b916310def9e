import { DeadlineExceededError } from '../bert/errors.js';

/** How long somebody waits. */
export interface Patience {
  /** Aborted when nobody waits any more. */
  signal?: AbortSignal;
  /** On the clock of `performance.now()`. */
  deadline?: number;
}

/**
 * What a promise gives, if somebody still waits for it then.
 * @throws DeadlineExceededError when the deadline passes, and what the signal is aborted with
 */
export async function within<T>(promise: Promise<T>, { signal, deadline }: Patience): Promise<T> {
  signal?.throwIfAborted();
  if (deadline !== undefined && deadline <= performance.now()) throw new DeadlineExceededError();
  let timer: NodeJS.Timeout | undefined;
  let abort: (() => void) | undefined;
  const givenUp = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal!.reason as Error);
    signal?.addEventListener('abort', abort);
    if (deadline !== undefined && deadline !== Infinity) {
      timer = setTimeout(
        () => reject(new DeadlineExceededError()),
        Math.max(0, deadline - performance.now()),
      );
    }
  });
  try {
    return await Promise.race([promise, givenUp]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort!);
  }
}
