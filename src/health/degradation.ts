import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Instruments } from '../metrics/instruments.js';
import { ServingStatusService } from '../predictions/serving/serving-status.service.js';
import { TrainingService } from '../training/training.service.js';

/**
 * Knows the problems of a degraded service: things that do not work although the service answers. Requests
 * need not go elsewhere for them.
 */
@Injectable()
export class Degradation implements OnModuleInit {
  constructor(
    private readonly serving: ServingStatusService,
    private readonly training: TrainingService,
    private readonly instruments: Instruments,
  ) {}

  onModuleInit(): void {
    this.instruments.beforeScrape(() => {
      for (const [part, troubles] of Object.entries(this.parts())) {
        this.instruments.service.degraded.set({ part }, Number(troubles.length > 0));
      }
    });
  }

  /** One sentence for each problem. Anybody may read it. */
  get troubles(): string[] {
    return Object.values(this.parts()).flat();
  }

  private parts(): Record<'production' | 'training', string[]> {
    return { production: this.serving.degraded, training: this.training.degraded };
  }
}
