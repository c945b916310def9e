import { Logger, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { buildInfo } from '../common/build-info.js';
import { Instruments } from '../metrics/instruments.js';
import { PredictionsModule } from '../predictions/predictions.module.js';
import { TrainingModule } from '../training/training.module.js';
import { Degradation } from './degradation.js';
import { EngineInUse } from './engine-in-use.js';
import { HealthController } from './health.controller.js';

@Module({
  imports: [TerminusModule.forRoot({ logger: false }), PredictionsModule, TrainingModule],
  controllers: [HealthController],
  providers: [EngineInUse, Degradation],
})
export class HealthModule implements OnApplicationBootstrap {
  private readonly logger = new Logger(HealthModule.name);

  constructor(
    private readonly engine: EngineInUse,
    private readonly instruments: Instruments,
  ) {}

  onApplicationBootstrap(): void {
    const { name, reason } = this.engine.description;
    const { version, commit } = buildInfo;
    this.instruments.service.buildInfo.set(
      { version, commit: commit ?? 'unknown', engine: name, node: process.version },
      1,
    );
    this.logger.log(`Training engine: ${name}. ${reason}`);
  }
}
