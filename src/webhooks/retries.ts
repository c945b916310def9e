/** Each pause is longer than the one before by this factor. */
const FACTOR = 3;

/** Pause after the first attempt, in seconds. */
const FIRST_PAUSE = 10;

/** Nine pauses grow from 10 seconds to 18 hours. The last attempt comes about 27 hours after the first. */
export const MOST_ATTEMPTS = 10;

/**
 * Random share that is added to or taken from a pause, so that messages that failed together are not all
 * retried together.
 */
const JITTER = 0.2;

/** The maximum that a receiver may ask for, in seconds. */
const LONGEST_RETRY_AFTER = 24 * 3600;

export function mayTryAgain(tries: number): boolean {
  return tries < MOST_ATTEMPTS;
}

/**
 * Returns the time of the next attempt after a number of failed ones.
 * @param retryAfterSeconds the receiver's request; 0 if there was none
 * @param random from 0 to 1
 */
export function retryTime(
  now: Date,
  tries: number,
  retryAfterSeconds: number,
  random: number = Math.random(),
): Date {
  const pause = FIRST_PAUSE * FACTOR ** (tries - 1) * (1 + JITTER * (2 * random - 1));
  const seconds = Math.max(pause, Math.min(retryAfterSeconds, LONGEST_RETRY_AFTER));
  return new Date(Number(now) + seconds * 1000);
}

/** Parses `Retry-After`, which holds seconds or a date. Returns seconds; 0 if it holds neither. */
export function retryAfterOf(header: string | undefined, now: Date = new Date()): number {
  if (header === undefined) return 0;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, (date - Number(now)) / 1000);
}
