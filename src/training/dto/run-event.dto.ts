import { ApiProperty, IntersectionType, PickType } from '@nestjs/swagger';
import { engineNames } from '../../bert/engines/engine.js';
import { runPhases, runStatuses, type RunPhase, type RunStatus } from '../run.js';
import { finishOf, type RunEvent, type RunEventData, type RunEventType } from '../run-event.js';
import { RunEpochDto, RunEvaluationDto } from './run-evaluation.dto.js';
import {
  RunCheckpointDto,
  RunDownloadDto,
  RunErrorDto,
  RunPlanDto,
  RunPointDto,
  RunResumptionDto,
  RunSummaryDto,
} from './run.dto.js';

export class RunStatusDto {
  @ApiProperty({ enum: runStatuses, enumName: 'RunStatus', example: 'running' })
  status!: RunStatus;

  @ApiProperty({ required: false, description: 'Why the run has this status, for people to read.' })
  reason?: string;

  @ApiProperty({ type: 'integer', required: false, description: 'The attempt that begins.', example: 1 })
  attempt?: number;

  @ApiProperty({ type: 'integer', required: false, description: 'Number of crashes so far.', example: 1 })
  restarts?: number;

  @ApiProperty({ required: false, description: 'The model that the run registered.' })
  modelId?: string;

  @ApiProperty({ type: RunErrorDto, required: false, description: 'Why the run ended.' })
  error?: RunErrorDto;
}

export class RunPhaseDto {
  @ApiProperty({ enum: runPhases, example: 'training' })
  phase!: RunPhase;
}

export class RunEngineDto {
  @ApiProperty({ enum: engineNames, example: 'tensorflow' })
  name!: string;

  @ApiProperty({ description: 'With package and version.', example: 'TensorFlow 2.15.1 on the CPU' })
  description!: string;

  @ApiProperty({ description: 'Why this one.', example: 'Native TensorFlow is installed.' })
  reason!: string;
}

export class RunSettledPlanDto extends RunPlanDto {
  @ApiProperty({ type: 'integer', example: 804 })
  totalSteps!: number;
}

export class RunStepDto extends IntersectionType(
  RunPointDto,
  PickType(RunSummaryDto, ['examplesPerSecond', 'progress', 'secondsLeft', 'estimatedFinish'] as const),
) {
  @ApiProperty({ type: 'integer', example: 804 })
  totalSteps!: number;
}

export class RunStoppedEarlyDto {
  @ApiProperty({ description: 'For people to read.' })
  reason!: string;
}

/** What clients see of an event: epochs and evaluations as the run has them. */
const shown: { [Type in RunEventType]: (data: RunEventData[Type], at: Date) => RunEventDataDto[Type] } = {
  status: (data) => data,
  phase: (data) => data,
  download: (data) => data,
  engine: (data) => data,
  plan: (data) => data,
  step: (data, at) => ({ ...data, estimatedFinish: finishOf(data, at)?.toISOString() ?? null }),
  evaluation: RunEvaluationDto.of,
  epoch: RunEpochDto.of,
  stoppedEarly: (data) => data,
  checkpoint: (data) => data,
  resumed: (data) => data,
};

/** What the `data` of each event of a run holds, by the type of the event. */
export class RunEventDataDto implements Record<RunEventType, object> {
  @ApiProperty({ description: 'The run has another status.' })
  status!: RunStatusDto;

  @ApiProperty({ description: 'What the run is busy with now.' })
  phase!: RunPhaseDto;

  @ApiProperty({ description: 'How much of the base model has been downloaded.' })
  download!: RunDownloadDto;

  @ApiProperty({ description: 'What trains, and why.' })
  engine!: RunEngineDto;

  @ApiProperty({ description: 'What was decided after the data was read.' })
  plan!: RunSettledPlanDto;

  @ApiProperty({ description: 'A training step; at most two a second are sent.' })
  step!: RunStepDto;

  @ApiProperty({ description: 'An evaluation on the validation rows.' })
  evaluation!: RunEvaluationDto;

  @ApiProperty({ description: 'An epoch has ended. It follows the evaluation at its end.' })
  epoch!: RunEpochDto;

  @ApiProperty({ description: 'Why the training ended before its last step.' })
  stoppedEarly!: RunStoppedEarlyDto;

  @ApiProperty({ description: 'The state of the training was stored.' })
  checkpoint!: RunCheckpointDto;

  @ApiProperty({
    description: 'An attempt goes on from a checkpoint, or begins anew. Drop what came after its step.',
  })
  resumed!: RunResumptionDto;
}

/** What OpenAPI says of each event of a run's stream, not of the stream as a whole. */
export const runEventSchema = {
  type: 'object',
  properties: {
    id: { type: 'string', pattern: '^\\d+$', description: 'Grows from event to event.', example: '17' },
    event: {
      type: 'string',
      enum: Object.keys(shown),
      description: 'A property of RunEventDataDto.',
    },
    data: {
      type: 'string',
      description: 'A JSON object: that property of RunEventDataDto.',
      example: '{"status":"running"}',
    },
  },
  required: ['id', 'event', 'data'],
};

/** Each event is written once, for all who follow. */
const texts = new WeakMap<RunEvent, string>();

/** An event in the format of server-sent events. */
export function eventText(event: RunEvent): string {
  let text = texts.get(event);
  if (text === undefined) {
    const show = shown[event.type] as (data: RunEvent['data'], at: Date) => object;
    text = `id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(show(event.data, event.createdAt))}\n\n`;
    texts.set(event, text);
  }
  return text;
}
