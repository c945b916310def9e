import { setTimeout as delay } from 'node:timers/promises';

/** Pauses in milliseconds. Each is twice as long as the one before. */
const PAUSE = { first: 1000, longest: 30_000 };

/**
 * Retries a write until the database accepts it, for example when the disk has been full.
 * @param store runs until it succeeds
 * @param options.failed receives the error of each failed try
 * @param options.isGivenUp is checked after each failed try. If it returns true, the next start takes care of
 * the write.
 * @param options.signal ends a pause early, for one more try
 */
export async function untilStored(
  store: () => Promise<void>,
  {
    failed,
    isGivenUp,
    signal,
  }: { failed: (reason: Error) => void; isGivenUp: () => boolean; signal?: AbortSignal },
): Promise<void> {
  for (let pause = PAUSE.first; ; pause = Math.min(2 * pause, PAUSE.longest)) {
    try {
      return await store();
    } catch (reason) {
      failed(reason as Error);
      if (isGivenUp()) return;
      await delay(pause, undefined, { ref: false, signal }).catch(() => undefined);
    }
  }
}
