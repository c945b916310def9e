import { Logger, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { PredictionsModule } from '../predictions/predictions.module.js';
import { EngineInUse } from './engine-in-use.js';
import { HealthController } from './health.controller.js';

@Module({
  imports: [TerminusModule.forRoot({ logger: false }), PredictionsModule],
  controllers: [HealthController],
  providers: [EngineInUse],
})
export class HealthModule implements OnApplicationBootstrap {
  private readonly logger = new Logger(HealthModule.name);

  constructor(private readonly engine: EngineInUse) {}

  onApplicationBootstrap(): void {
    const { name, reason } = this.engine.description;
    this.logger.log(`Training engine: ${name}. ${reason}`);
  }
}
