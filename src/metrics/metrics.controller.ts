import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Area } from '../auth/access.js';
import { ApiProblems } from '../api/api-problems.decorator.js';
import { NotFoundError } from '../common/errors.js';
import { Settings } from '../config/settings.js';
import { MetricsPage } from './metrics-page.js';

@ApiTags('operations')
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: MetricsPage,
    private readonly settings: Settings,
  ) {}

  /** Show the metrics of the service and the process in Prometheus text format */
  @Get()
  @Area('metrics')
  @Header('content-type', MetricsPage.contentType)
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'The page that Prometheus scrapes.', schema: { type: 'string' } })
  @ApiProblems(404)
  async page(): Promise<string> {
    if (this.settings.metricsPort !== 'none') {
      throw new NotFoundError('The metrics are on a separate port: WELLFORMED_METRICS_PORT.');
    }
    return this.metrics.text();
  }
}
