/** Numbers and times as the page shows them. */

/** On one line. */
export function percent(share: number, digits = 0): string {
  return `${(100 * share).toFixed(digits)}\u00a0%`;
}

export function decimal(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined ? '–' : value.toFixed(digits).replace('-', '−');
}

/** Formats a number with its sign, even if it is positive. */
export function signed(value: number): string {
  return value > 0 ? `+${decimal(value)}` : decimal(value);
}

export function whole(value: number): string {
  return value.toLocaleString('en');
}

/** Formats a small number in scientific notation: 3e-5. */
export function scientific(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential().replace(/\.?0*e/, 'e') : String(value);
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(value < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

const dateTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

export function time(iso: string | Date): string {
  return dateTime.format(new Date(iso));
}

const clockTime = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

/** The time of day, to the second. */
export function clock(iso: string): string {
  return clockTime.format(new Date(iso));
}

const hour = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });

/** The time of the day, with the date where it is not today's. */
export function timeOfDay(iso: string): string {
  const date = new Date(iso);
  return (date.toDateString() === new Date().toDateString() ? hour : dateTime).format(date);
}

interface Interval {
  lower: number;
  upper: number;
}

export function intervalText({ lower, upper }: Interval): string {
  return `${decimal(lower)} to ${decimal(upper)}`;
}

/** Formats an MCC with its interval, if there is one: 0.579 (0.502 to 0.655). */
export function mccText({ mcc, mccInterval }: { mcc: number; mccInterval?: Interval }): string {
  return mccInterval ? `${decimal(mcc)} (${intervalText(mccInterval)})` : decimal(mcc);
}
