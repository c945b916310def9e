import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Instruments } from '../metrics/instruments.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import { evaluationStatuses, type EvaluationStatus } from './evaluation-record.js';
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
    const rows = await this.dataSource
      .createQueryBuilder(EvaluationEntity, 'evaluation')
      .select('evaluation.status', 'status')
      .addSelect('COUNT(*)', 'count')
      .groupBy('evaluation.status')
      .getRawMany<{ status: EvaluationStatus; count: number | string }>();
    const counts = new Map(rows.map(({ status, count }) => [status, Number(count)]));
    for (const status of evaluationStatuses) models.evaluations.set({ status }, counts.get(status) ?? 0);
  }
}
