import { Injectable } from '@nestjs/common';
import { EventLoopMonitor } from './event-loop-monitor.js';
import { Instruments } from './instruments.js';

/** What Prometheus scrapes, at whatever port. */
@Injectable()
export class MetricsPage {
  static readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';

  constructor(
    private readonly instruments: Instruments,
    private readonly eventLoop: EventLoopMonitor,
  ) {}

  text(): Promise<string> {
    this.eventLoop.report();
    return this.instruments.registry.metrics();
  }
}
