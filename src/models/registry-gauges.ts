import { Injectable } from '@nestjs/common';
import { DatasetsService } from '../datasets/datasets.service.js';
import { Instruments } from '../metrics/instruments.js';
import { evaluationStatuses } from './evaluation-record.js';
import { EvaluationsRepository } from './evaluations.repository.js';
import { ModelsService } from './models.service.js';

/** Counts the contents of the registry before each scrape. */
@Injectable()
export class RegistryGauges {
  constructor(
    private readonly models: ModelsService,
    private readonly datasets: DatasetsService,
    private readonly evaluations: EvaluationsRepository,
    private readonly instruments: Instruments,
  ) {
    instruments.beforeScrape(() => this.count());
  }

  private async count(): Promise<void> {
    const { models } = this.instruments;
    models.versions.set(await this.models.count());
    models.datasets.set(await this.datasets.count());
    const counts = await this.evaluations.countByStatus();
    for (const status of evaluationStatuses) models.evaluations.set({ status }, counts[status]);
  }
}
