import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Instruments } from '../metrics/instruments.js';
import { ServingStatusService } from '../predictions/serving/serving-status.service.js';
import { TrainingService } from '../training/training.service.js';

/** What does not work though the service answers, and what of it is no reason to send requests elsewhere. */
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

  /** One sentence for each trouble, which anybody may read. */
  get troubles(): string[] {
    return Object.values(this.parts()).flat();
  }

  private parts(): Record<'production' | 'training', string[]> {
    return { production: this.serving.degraded, training: this.training.degraded };
  }
}
