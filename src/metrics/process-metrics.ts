import { collectDefaultMetrics, type Registry } from 'prom-client';

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
