import type { RunDto, RunEvent, RunPointDto } from 'wellformed-client';

/** What the stream has told: the curve, and how the run stands since its last step. */
export interface Seen {
  points: readonly RunPointDto[];
  latest: Partial<RunDto>;
}

export function seenAfter({ points: before, latest: last }: Seen, events: readonly RunEvent[]): Seen {
  let points = [...before];
  let latest = last;
  for (const { type, data } of events) {
    if (type === 'step') {
      points.push(data);
      latest = data as Partial<RunDto>;
    } else if (type === 'resumed') {
      // What came after that step did not happen.
      points = points.filter(({ step }) => step <= data.step);
      latest = {};
    }
  }
  return { points, latest };
}
