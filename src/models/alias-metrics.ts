import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Instruments } from '../metrics/instruments.js';
import { AliasesService } from './aliases.service.js';
import { ModelsService } from './models.service.js';
import { RegistryEvents } from './registry-events.js';

/** Shows on the metrics page how good the model is that each alias points to. */
@Injectable()
export class AliasMetrics implements OnApplicationBootstrap {
  private readonly logger = new Logger(AliasMetrics.name);

  constructor(
    private readonly models: ModelsService,
    private readonly aliases: AliasesService,
    private readonly instruments: Instruments,
    events: RegistryEvents,
  ) {
    events.onAliasMoved((name, modelId) => {
      this.show(name, modelId).catch((error: Error) => this.logger.error(error.message, error.stack));
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    for (const { name, modelId } of await this.aliases.list()) await this.show(name, modelId);
  }

  private async show(alias: string, modelId: string | null): Promise<void> {
    const mcc = modelId === null ? null : (await this.models.find(modelId)).metrics.best.mcc;
    this.instruments.setAliasMcc(alias, mcc);
  }
}
