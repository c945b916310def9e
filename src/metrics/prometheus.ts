import { collectDefaultMetrics, type Registry, type Gauge, type LabelValues } from 'prom-client';

/** Gauges whose names say that they are counters. Each is the sum of a gauge by type that stays: `sum(nodejs_active_resources)`. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** Adds what prom-client knows of the process, under the names that every dashboard knows (process_…, nodejs_…). */
export function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}

/** Sets a gauge; without a value it leaves the page. */
export function show<Label extends string>(
  gauge: Gauge<Label>,
  labels: LabelValues<Label>,
  value: number | null | undefined,
): void {
  if (value === undefined || value === null) gauge.remove(labels);
  else gauge.set(labels, value);
}
