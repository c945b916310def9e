import { Injectable, Logger } from '@nestjs/common';
import { BaseModelsService } from '../base-models/base-models.service.js';
import { nameFrom } from '../api/names.js';
import { Settings } from '../config/settings.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import { ModelsService } from '../models/models.service.js';
import { trainingLimit } from './memory/training-room.js';
import type { Run } from './run.js';
import type { RunSeconds } from './run-cost.js';
import { TrainingEstimates } from './training-estimates.js';
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
  private readonly logger = new Logger(TrainingJobs.name);

  constructor(
    private readonly datasets: DatasetsService,
    private readonly baseModels: BaseModelsService,
    private readonly models: ModelsService,
    private readonly settings: Settings,
    private readonly estimates: TrainingEstimates,
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
      checkpoints: {
        folder: checkpointFolder,
        steps: run.checkpointSteps,
        seconds: checkpointInterval / 1000,
      },
      earlier,
      pauseAfterEpoch: run.pauseAfterEpoch,
      expected: await this.expectedOf(run),
    };
  }

  /** A run does without an estimate rather than not start. */
  private async expectedOf(run: Run): Promise<RunSeconds | null> {
    try {
      return await this.estimates.secondsOfRun(run);
    } catch (error) {
      this.logger.warn(
        `Run ${run.id}: how long it takes could not be estimated: ${(error as Error).message}`,
        {
          runId: run.id,
        },
      );
      return null;
    }
  }

  private async rowsOf(datasetId: string): Promise<JobRows> {
    const { id, name, contentHash, rows, path } = await this.datasets.open(datasetId);
    return { id, name, contentHash, rows, path };
  }
}
