import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/api-problems.decorator.js';
import { EventLoopMonitor } from './event-loop-monitor.js';
import { Instruments } from './instruments.js';

@ApiTags('operations')
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly instruments: Instruments,
    private readonly eventLoop: EventLoopMonitor,
  ) {}

  /** Show the metrics of the service and the process, in the text format of Prometheus */
  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'The page that Prometheus scrapes.', schema: { type: 'string' } })
  @ApiProblems()
  page(): Promise<string> {
    this.eventLoop.report();
    return this.instruments.registry.metrics();
  }
}
