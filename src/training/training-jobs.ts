import { Injectable } from '@nestjs/common';
import { BaseModelsService } from '../base-models/base-models.service.js';
import { nameFrom } from '../api/names.js';
import { Settings } from '../config/settings.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import { ModelsService } from '../models/models.service.js';
import { trainingLimit } from './memory/training-room.js';
import type { Run } from './run.js';
import type { EarlierAttempt, JobRows, TrainingJob } from './worker/messages.js';

/** Where the files of a job go, and where those of the attempt before are. */
export interface JobFolders {
  /** For the files of the model. */
  folder: string;
  /** For the first checkpoint. */
  checkpointFolder: string;
  earlier: EarlierAttempt | null;
}

/** Makes of a run what its process has to know. */
@Injectable()
export class TrainingJobs {
  constructor(
    private readonly datasets: DatasetsService,
    private readonly baseModels: BaseModelsService,
    private readonly models: ModelsService,
    private readonly settings: Settings,
  ) {}

  async jobOf(run: Run, { folder, checkpointFolder, earlier }: JobFolders): Promise<TrainingJob> {
    const training = await this.rowsOf(run.datasetId);
    const { engine, inferenceThreads, checkpointInterval } = this.settings;
    return {
      runId: run.id,
      folder,
      modelName: run.name ?? nameFrom(`${run.baseModel} on ${training.name}`),
      baseModel: run.baseModel,
      baseModelOptions: this.baseModels.options,
      initialModelFolder: run.initialModelId && (await this.models.folderOf(run.initialModelId)),
      engine,
      training,
      validation: run.validationDatasetId ? await this.rowsOf(run.validationDatasetId) : null,
      hyperparameters: run.hyperparameters,
      inferenceThreads,
      memoryLimit: trainingLimit(this.settings),
      attempt: run.attempt,
      checkpoints: { folder: checkpointFolder, steps: run.checkpointSteps, seconds: checkpointInterval / 1000 },
      earlier,
      pauseAfterEpoch: run.pauseAfterEpoch,
    };
  }

  private async rowsOf(datasetId: string): Promise<JobRows> {
    const { id, name, contentHash, rows, path } = await this.datasets.open(datasetId);
    return { id, name, contentHash, rows, path };
  }
}
