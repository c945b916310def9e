import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { countByStatus } from '../database/count-by-status.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import { Instruments } from '../metrics/instruments.js';
import { evaluationStatuses } from './evaluation-record.js';
import { EvaluationEntity } from './evaluation.entity.js';
import { ModelsService } from './models.service.js';

/** Counts, before each scrape, what the registry holds. */
@Injectable()
export class RegistryGauges {
  constructor(
    private readonly models: ModelsService,
    private readonly datasets: DatasetsService,
    private readonly dataSource: DataSource,
    private readonly instruments: Instruments,
  ) {
    instruments.beforeScrape(() => this.count());
  }

  private async count(): Promise<void> {
    const { models } = this.instruments;
    models.versions.set(await this.models.count());
    models.datasets.set(await this.datasets.count());
    const counts = await countByStatus(this.dataSource.getRepository(EvaluationEntity), evaluationStatuses);
    for (const status of evaluationStatuses) models.evaluations.set({ status }, counts[status]);
  }
}
