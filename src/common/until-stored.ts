import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds; each pause is twice as long as the one before it. */
const PAUSE = { first: 1000, longest: 30_000 };

/**
 * Stores what must be stored, however long the database may take to be writable again: a full disk, say.
 * @param store tried until it succeeds
 * @param options.failed told why, after each try in vain
 * @param options.isGivenUp looked at after each try in vain: the next start will see to it
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
