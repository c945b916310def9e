import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BaseModelsModule } from '../base-models/base-models.module.js';
import { DatasetsModule } from '../datasets/datasets.module.js';
import { ModelsModule } from '../models/models.module.js';
import { InProcessRunQueue } from './in-process-run-queue.js';
import { JobChecks } from './job-checks.js';
import { RunCheckpoints } from './run-checkpoints.js';
import { RunComparisons } from './run-comparison.js';
import { RunEventEntity } from './run-event.entity.js';
import { RunFeed } from './run-feed.js';
import { RunLogLineEntity } from './run-log-line.entity.js';
import { RunLogs } from './run-logs.js';
import { RunMetrics } from './run-metrics.js';
import { RunQueue } from './run-queue.js';
import { RunSpans } from './run-spans.js';
import { RunJudgementsEntity } from './run-judgements.entity.js';
import { RunEntity } from './run.entity.js';
import { RunsRepository } from './runs.repository.js';
import { TrainingController } from './training.controller.js';
import { TrainingEstimates } from './training-estimates.js';
import { TrainingHost } from './training-host.js';
import { TrainingJobs } from './training-jobs.js';
import { TrainingProbes } from './training-probes.js';
import { TrainingService } from './training.service.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([RunEntity, RunEventEntity, RunJudgementsEntity, RunLogLineEntity]),
    DatasetsModule,
    ModelsModule,
    BaseModelsModule,
  ],
  controllers: [TrainingController],
  providers: [
    TrainingService,
    TrainingHost,
    TrainingJobs,
    TrainingProbes,
    TrainingEstimates,
    JobChecks,
    RunsRepository,
    RunCheckpoints,
    RunComparisons,
    RunFeed,
    RunLogs,
    RunMetrics,
    RunSpans,
    { provide: RunQueue, useClass: InProcessRunQueue },
  ],
  exports: [TrainingService],
})
export class TrainingModule {}
