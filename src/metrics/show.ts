import type { Gauge, LabelValues } from 'prom-client';

/** Sets a gauge; without a value it leaves the page. */
export function show<Label extends string>(
  gauge: Gauge<Label>,
  labels: LabelValues<Label>,
  value: number | null | undefined,
): void {
  if (value === undefined || value === null) gauge.remove(labels);
  else gauge.set(labels, value);
}
