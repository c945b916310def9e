import { Controller, Get, Logger } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import { DataSource } from 'typeorm';
import { Area } from '../auth/access.js';
import { ApiProblems } from '../api/api-problems.decorator.js';
import { buildInfo } from '../common/build-info.js';
import { UnavailableError } from '../common/errors.js';
import { Shutdown } from '../http/shutdown.js';
import { BlobStore } from '../storage/blob-store.js';
import { Degradation } from './degradation.js';
import { EngineInUse } from './engine-in-use.js';
import { AliveDto, ReadyDto } from './health.dto.js';

@ApiTags('operations')
@Controller('health')
export class HealthController {
  private readonly logger = new Logger(HealthController.name);
  private checking: Promise<Record<string, string>> | undefined;

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly database: DataSource,
    private readonly blobs: BlobStore,
    private readonly engine: EngineInUse,
    private readonly degradation: Degradation,
    private readonly shutdown: Shutdown,
  ) {}

  @Get('live')
  @Area('health')
  @ApiOperation({
    summary: 'Check that the event loop answers. Restart a service that fails this check',
  })
  @ApiOkResponse({ type: AliveDto })
  @ApiProblems()
  live(): AliveDto {
    return { status: 'ok' };
  }

  /**
   * The service accepts requests only after all migrations and modules have started. So an answer means that
   * it has.
   */
  @Get('started')
  @Area('health')
  @ApiOperation({ summary: 'Check that the service has started and applied its migrations' })
  @ApiOkResponse({ type: AliveDto })
  @ApiProblems()
  started(): AliveDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @Area('health')
  @ApiOperation({
    summary: 'Check that the database and the storage answer. Show the engine, and what does not work',
    description:
      'A model that cannot be loaded, or a training process that died, degrades the service. The answer is still 200, since this is no reason to send requests elsewhere.',
  })
  @ApiOkResponse({ type: ReadyDto })
  @ApiProblems(503)
  async ready(): Promise<ReadyDto> {
    this.assertGoesOn();
    // Anybody may ask as often as they like. Requests that come during a check share its result.
    this.checking ??= this.check().finally(() => (this.checking = undefined));
    // If the shutdown begins during the checks, they fail although what they check works.
    const checks = await this.checking.finally(() => this.assertGoesOn());
    const degraded = this.degradation.troubles;
    const status = degraded.length === 0 ? 'ok' : 'degraded';
    return { status, checks, degraded, engine: this.engine.description, build: buildInfo };
  }

  private assertGoesOn(): void {
    if (this.shutdown.isUnderWay) {
      throw new UnavailableError(
        'The service is shutting down. Send requests elsewhere, or wait until it has started again.',
      );
    }
  }

  private async check(): Promise<Record<string, string>> {
    const { details } = await this.health.check([() => this.checkDatabase(), () => this.checkStorage()]);
    return Object.fromEntries(Object.entries(details).map(([name, { status }]) => [name, status]));
  }

  private async checkDatabase() {
    const indicator = this.indicators.check('database');
    try {
      // SQLite answers a query without a table without reading the file.
      await this.database.query('SELECT COUNT(*) FROM migrations');
      return indicator.up();
    } catch (error) {
      this.logger.error('The database cannot be read', (error as Error).stack);
      return indicator.down();
    }
  }

  private async checkStorage() {
    const indicator = this.indicators.check('storage');
    try {
      await this.blobs.check();
      return indicator.up();
    } catch (error) {
      // The answer is public, and the message may hold paths.
      this.logger.error('The storage cannot be written', (error as Error).stack);
      return indicator.down();
    }
  }
}
