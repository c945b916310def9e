/** Each pause is so many times as long as the one before it. */
const FACTOR = 3;

/** Seconds after the first attempt. */
const FIRST_PAUSE = 10;

/** With nine pauses, from 10 seconds to 18 hours: the last attempt comes after some 27 hours. */
export const MOST_ATTEMPTS = 10;

/** Of a pause, more or less: messages that failed together do not come back together. */
const JITTER = 0.2;

/** Seconds that a receiver may ask for. */
const LONGEST_RETRY_AFTER = 24 * 3600;

export function mayTryAgain(tries: number): boolean {
  return tries < MOST_ATTEMPTS;
}

/**
 * When to try again after so many tries in vain.
 * @param retryAfterSeconds what the receiver asked for; 0 where it did not
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

/** The seconds that a `Retry-After` asks for, which has either them or a date; 0 where it has neither. */
export function retryAfterOf(header: string | undefined, now: Date = new Date()): number {
  if (header === undefined) return 0;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, (date - Number(now)) / 1000);
}
