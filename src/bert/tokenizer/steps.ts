import { setImmediate } from 'node:timers/promises';

/** Work that may be interrupted where it yields. */
export type Steps<T> = Generator<void, T, void>;

/** Does all of it at once: for threads that have nobody else to serve. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Does it step by step; the event loop has a turn after each. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await setImmediate();
  }
}
