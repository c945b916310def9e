import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Instruments } from './instruments.js';

const RESOLUTION_MS = 10;

/** Measures how late the event loop runs, from one scrape to the next. */
@Injectable()
export class EventLoopMonitor implements OnApplicationShutdown {
  private readonly delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor(private readonly instruments: Instruments) {
    this.delays.enable();
  }

  /** Puts what was measured since the last call on the gauge. */
  report(): void {
    if (this.delays.count === 0) return;
    for (const quantile of [0.5, 0.99]) this.set(String(quantile), this.delays.percentile(quantile * 100));
    this.set('1', this.delays.max);
    this.delays.reset();
  }

  onApplicationShutdown(): void {
    this.delays.disable();
  }

  private set(quantile: string, nanoseconds: number): void {
    // Node measures the time between two ticks of its timer: what is over its period is the delay.
    this.instruments.eventLoopDelay.set({ quantile }, Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) / 1e3);
  }
}
