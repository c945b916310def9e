import { collectDefaultMetrics, type Registry, type Gauge, type LabelValues } from 'prom-client';

/**
 * Gauges that are named like counters. Each is the sum of another gauge, which stays:
 * `sum(nodejs_active_resources)`.
 */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** Adds prom-client's process metrics under the names that dashboards expect (process_…, nodejs_…). */
export function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}

/** Sets a gauge, or removes its series if there is no value. */
export function show<Label extends string>(
  gauge: Gauge<Label>,
  labels: LabelValues<Label>,
  value: number | null | undefined,
): void {
  if (value === undefined || value === null) gauge.remove(labels);
  else gauge.set(labels, value);
}
