/** Where a run stands in the queue. */
export interface RunPlace {
  /** From 1: the next to start. */
  position: number;
  /** Null where a run before it, or one under way, does not say how long it takes. */
  estimatedStart: Date | null;
}

/** A run that waits. */
export interface WaitingRun {
  id: string;
  /** How long it will take; null where that could not be told. */
  seconds: number | null;
}

/**
 * Where each run of a queue stands, and when its turn is likely to come.
 * @param waiting in the order in which they start
 * @param finishes when the runs under way end; null where that could not be told
 * @param concurrent how many runs train at the same time
 */
export function placesOf(
  waiting: readonly WaitingRun[],
  finishes: readonly (Date | null)[],
  concurrent: number,
  now = new Date(),
): Map<string, RunPlace> {
  const later = (time: number) => Math.max(time, Number(now));
  // When each place for a run is free; an unknown time comes after all others.
  const free = finishes.map((finish) => (finish ? later(Number(finish)) : Infinity));
  while (free.length < concurrent) free.push(Number(now));
  return new Map(
    waiting.map(({ id, seconds }, index) => {
      const start = Math.min(...free);
      free[free.indexOf(start)] = seconds === null ? Infinity : start + 1000 * seconds;
      return [id, { position: index + 1, estimatedStart: start === Infinity ? null : new Date(start) }];
    }),
  );
}
