import { Counter, Gauge, type Registry } from 'prom-client';
import { lostLines } from '../logging/log-output.js';

/** Metrics of the service: its version, and whether it is degraded. */
export class ServiceInstruments {
  readonly buildInfo: Gauge<'version' | 'commit' | 'engine' | 'node'>;
  readonly degraded: Gauge<'part'>;

  constructor(registry: Registry) {
    const on = { registers: [registry] };
    this.buildInfo = new Gauge({
      ...on,
      name: 'wellformed_build_info',
      help: '1. The labels are the version, the commit, the engine that trains, and the version of Node.js.',
      labelNames: ['version', 'commit', 'engine', 'node'] as const,
    });
    this.degraded = new Gauge({
      ...on,
      name: 'wellformed_degraded',
      help: '1 while a part (production, training) does not work although the service answers; else 0.',
      labelNames: ['part'] as const,
    });
    new Counter({
      ...on,
      name: 'wellformed_log_lines_lost_total',
      help: 'Lines of the log that could not be written: its disk was full, or nobody read it.',
      collect() {
        this.reset();
        this.inc(lostLines());
      },
    });
  }
}
