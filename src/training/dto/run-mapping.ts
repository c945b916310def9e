import type { Evaluation } from '../../bert/evaluation/evaluation.js';
import { validationWarnings } from '../../bert/evaluation/warnings.js';
import type { RunEpoch, RunEvaluation, RunPlan } from '../run.js';
import type { RunEntity, RunSummary } from '../run.entity.js';
import type { RunEvent } from '../run-event.js';
import type { RunDto, RunPointDto, RunSummaryDto } from './run.dto.js';
import type { RunEpochDto, RunEvaluationDto } from './run-evaluation.dto.js';

/** A run as the API shows it. */
export function runDto(run: RunEntity): RunDto {
  return {
    ...runSummaryDto(run),
    epochs: run.epochs.map(epochDto),
    evaluations: run.evaluations.map(evaluationDto),
  };
}

/** A run as a list shows it. */
export function runSummaryDto(run: RunSummary): RunSummaryDto {
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
    mcc: run.mcc,
    stoppedEarly: run.stoppedEarly,
    engine: run.engine,
    baseModel: run.baseModel,
    datasetId: run.datasetId,
    validationDatasetId: run.validationDatasetId,
    hyperparameters: run.hyperparameters,
    promote: run.promote,
    plan: run.plan,
    warnings: planWarnings(run.plan),
    download: run.download,
    modelId: run.modelId,
    error: run.error,
    createdAt: run.createdAt.toISOString(),
    startedAt: run.startedAt?.toISOString() ?? null,
    finishedAt: run.finishedAt?.toISOString() ?? null,
  };
}

function planWarnings(plan: RunPlan | null): string[] {
  if (plan?.validationAcceptable === undefined) return [];
  const { validationAcceptable: acceptable, validationRows } = plan;
  return validationWarnings({ acceptable, unacceptable: validationRows - acceptable });
}

export function epochDto({ epoch, trainingLoss, validation, best, trainingSeconds }: RunEpoch): RunEpochDto {
  return { epoch, trainingLoss, ...figures(validation), trainingSeconds, best };
}

export function evaluationDto({ step, epoch, averaged, validation, best }: RunEvaluation): RunEvaluationDto {
  const { mccInterval } = validation;
  return { step, epoch, averaged, ...figures(validation), ...(mccInterval && { mccInterval }), best };
}

export function pointDto({ data }: RunEvent & { type: 'step' }): RunPointDto {
  const { step, epoch, loss, learningRate, gradientNorm } = data;
  return { step, epoch, loss, learningRate, gradientNorm };
}

/** Each event is written once, for all who follow. */
const texts = new WeakMap<RunEvent, string>();

/** An event in the format of server-sent events. Epochs and evaluations are shown as they are in the run. */
export function eventText(event: RunEvent): string {
  let text = texts.get(event);
  if (text === undefined) {
    text = `id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(shown(event))}\n\n`;
    texts.set(event, text);
  }
  return text;
}

function shown({ type, data }: RunEvent): object {
  if (type === 'epoch') return epochDto(data);
  return type === 'evaluation' ? evaluationDto(data) : data;
}

function figures({ loss, accuracy, mcc, confusionMatrix }: Evaluation) {
  return { validationLoss: loss, accuracy, mcc, confusionMatrix };
}
