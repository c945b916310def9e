import { Controller, Get, Logger } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheckService, HealthIndicatorService, TypeOrmHealthIndicator } from '@nestjs/terminus';
import { Area } from '../auth/access.js';
import { ApiProblems } from '../common/api-problems.decorator.js';
import { ServingStatusService } from '../predictions/serving/serving-status.service.js';
import { BlobStore } from '../storage/blob-store.js';
import { EngineInUse } from './engine-in-use.js';
import { AliveDto, ReadyDto } from './health.dto.js';

@ApiTags('operations')
@Controller('health')
export class HealthController {
  private readonly logger = new Logger(HealthController.name);

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly database: TypeOrmHealthIndicator,
    private readonly blobs: BlobStore,
    private readonly engine: EngineInUse,
    private readonly serving: ServingStatusService,
  ) {}

  @Get('live')
  @Area('health')
  @ApiOperation({
    summary: 'Does the event loop answer? Nothing else is asked: what fails this is restarted',
  })
  @ApiOkResponse({ type: AliveDto })
  @ApiProblems()
  live(): AliveDto {
    return { status: 'ok' };
  }

  /** Requests are taken only once migrations are applied and every module is up: whoever gets an answer has it. */
  @Get('started')
  @Area('health')
  @ApiOperation({ summary: 'Has the service started? Migrations are applied by then' })
  @ApiOkResponse({ type: AliveDto })
  @ApiProblems()
  started(): AliveDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @Area('health')
  @ApiOperation({
    summary: 'Do the database and the storage answer? And which engine trains, and what does not work',
    description:
      'A model that cannot be loaded is degraded service, which is no reason to send requests elsewhere: 200.',
  })
  @ApiOkResponse({ type: ReadyDto })
  @ApiProblems(503)
  async ready(): Promise<ReadyDto> {
    const { details } = await this.health.check([
      () => this.database.pingCheck('database', { timeout: 2000 }),
      () => this.checkStorage(),
    ]);
    const checks = Object.fromEntries(Object.entries(details).map(([name, { status }]) => [name, status]));
    const { degraded } = this.serving;
    const status = degraded.length === 0 ? 'ok' : 'degraded';
    return { status, checks, degraded, engine: this.engine.description };
  }

  private async checkStorage() {
    const indicator = this.indicators.check('storage');
    try {
      await this.blobs.check();
      return indicator.up();
    } catch (error) {
      // The answer is anybody's to read, and the message may hold paths.
      this.logger.error('The storage cannot be written', (error as Error).stack);
      return indicator.down();
    }
  }
}
