import type { RunEpoch } from '../run.js';
import type { RunEntity } from '../run.entity.js';
import type { RunEvent } from '../run-event.js';
import type { RunDto, RunEpochDto, RunPointDto } from './run.dto.js';

/** A run as the API shows it. */
export function runDto(run: RunEntity): RunDto {
  return {
    id: run.id,
    status: run.status,
    phase: run.phase,
    name: run.name,
    step: run.step,
    totalSteps: run.totalSteps,
    epoch: run.epoch,
    loss: run.loss,
    learningRate: run.learningRate,
    examplesPerSecond: run.examplesPerSecond,
    progress: run.progress,
    secondsLeft: run.secondsLeft,
    epochs: run.epochs.map(epochDto),
    engine: run.engine,
    baseModel: run.baseModel,
    datasetId: run.datasetId,
    validationDatasetId: run.validationDatasetId,
    hyperparameters: run.hyperparameters,
    promote: run.promote,
    plan: run.plan,
    download: run.download,
    modelId: run.modelId,
    error: run.error,
    createdAt: run.createdAt.toISOString(),
    startedAt: run.startedAt?.toISOString() ?? null,
    finishedAt: run.finishedAt?.toISOString() ?? null,
  };
}

export function epochDto({ epoch, trainingLoss, validation, best, trainingSeconds }: RunEpoch): RunEpochDto {
  const { loss: validationLoss, accuracy, mcc, confusionMatrix } = validation;
  return { epoch, trainingLoss, validationLoss, accuracy, mcc, confusionMatrix, trainingSeconds, best };
}

export function pointDto({ data }: RunEvent & { type: 'step' }): RunPointDto {
  const { step, epoch, loss, learningRate, gradientNorm } = data;
  return { step, epoch, loss, learningRate, gradientNorm };
}

/** An event in the format of server-sent events. An epoch is shown as it is in the run. */
export function eventText({ sequence, type, data }: RunEvent): string {
  const shown = type === 'epoch' ? epochDto(data) : data;
  return `id: ${sequence}\nevent: ${type}\ndata: ${JSON.stringify(shown)}\n\n`;
}
