import { Injectable } from '@nestjs/common';
import { BaseModelsService } from '../base-models/base-models.service.js';
import { nameFrom } from '../api/names.js';
import { Settings } from '../config/settings.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import { trainingLimit } from './memory/training-room.js';
import type { Run } from './run.js';
import type { JobRows, TrainingJob } from './worker/messages.js';

/** Makes of a run what its process has to know. */
@Injectable()
export class TrainingJobs {
  constructor(
    private readonly datasets: DatasetsService,
    private readonly baseModels: BaseModelsService,
    private readonly settings: Settings,
  ) {}

  /** @param folder that is to hold the files of the model */
  async jobOf(run: Run, folder: string): Promise<TrainingJob> {
    const training = await this.rowsOf(run.datasetId);
    const { engine, inferenceThreads } = this.settings;
    return {
      runId: run.id,
      folder,
      modelName: run.name ?? nameFrom(`${run.baseModel} on ${training.name}`),
      baseModel: run.baseModel,
      baseModelOptions: this.baseModels.options,
      engine,
      training,
      validation: run.validationDatasetId ? await this.rowsOf(run.validationDatasetId) : null,
      hyperparameters: run.hyperparameters,
      inferenceThreads,
      memoryLimit: trainingLimit(this.settings),
    };
  }

  private async rowsOf(datasetId: string): Promise<JobRows> {
    const { id, name, contentHash, rows, path } = await this.datasets.open(datasetId);
    return { id, name, contentHash, rows, path };
  }
}
