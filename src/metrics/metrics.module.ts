import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { EventLoopMonitor } from './event-loop-monitor.js';
import { GpuMonitor } from './gpu-monitor.js';
import { Instruments } from './instruments.js';
import { MetricsPage } from './metrics-page.js';
import { MetricsServer } from './metrics-server.js';
import { MetricsController } from './metrics.controller.js';
import { collectProcessMetrics } from './prometheus.js';
import { StorageMetrics } from './storage-metrics.js';

@Global()
@Module({
  controllers: [MetricsController],
  providers: [Instruments, EventLoopMonitor, GpuMonitor, StorageMetrics, MetricsPage, MetricsServer],
  exports: [Instruments],
})
export class MetricsModule implements OnModuleInit {
  constructor(private readonly instruments: Instruments) {}

  onModuleInit(): void {
    collectProcessMetrics(this.instruments.registry);
  }
}
