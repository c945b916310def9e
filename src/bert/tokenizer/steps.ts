import { setImmediate } from 'node:timers/promises';

/** Work that may be interrupted at each `yield`. */
export type Steps<T> = Generator<void, T, void>;

/** Runs all steps at once, for threads that serve nobody else. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Runs step by step. The event loop gets a turn after each. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await setImmediate();
  }
}
