import { monitorEventLoopDelay, performance, type EventLoopUtilization } from 'node:perf_hooks';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Instruments } from './instruments.js';

const RESOLUTION_MS = 10;

/** Measures the delay and the utilization of the event loop between two scrapes. */
@Injectable()
export class EventLoopMonitor implements OnApplicationShutdown {
  private readonly delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private last: EventLoopUtilization = performance.eventLoopUtilization();

  constructor(private readonly instruments: Instruments) {
    this.delays.enable();
    instruments.beforeScrape(() => this.report());
  }

  onApplicationShutdown(): void {
    this.delays.disable();
  }

  /** Reports what was measured since the last call. */
  private report(): void {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.last);
    this.last = now;
    const { delays } = this;
    const delay =
      delays.count === 0
        ? null
        : {
            p50: secondsLate(delays.percentile(50)),
            p99: secondsLate(delays.percentile(99)),
            max: secondsLate(delays.max),
          };
    delays.reset();
    this.instruments.resources.recordEventLoop({ delay, utilization });
  }
}

/** Node measures the time between two ticks of its timer. The delay is what exceeds the timer's period. */
function secondsLate(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) / 1e3;
}
