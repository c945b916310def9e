import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics } from 'prom-client';
import { EventLoopMonitor } from './event-loop-monitor.js';
import { measureRequests } from './http-metrics.js';
import { Instruments } from './instruments.js';
import { MetricsPage } from './metrics-page.js';
import { MetricsServer } from './metrics-server.js';
import { MetricsController } from './metrics.controller.js';

@Global()
@Module({
  controllers: [MetricsController],
  providers: [Instruments, EventLoopMonitor, MetricsPage, MetricsServer],
  exports: [Instruments],
})
export class MetricsModule implements OnModuleInit {
  constructor(
    private readonly instruments: Instruments,
    private readonly host: HttpAdapterHost,
  ) {}

  onModuleInit(): void {
    // These keep the names that every dashboard knows them by (process_…, nodejs_…).
    collectDefaultMetrics({ register: this.instruments.registry });
    measureRequests(this.host.httpAdapter.getInstance<FastifyInstance>(), this.instruments);
  }
}
