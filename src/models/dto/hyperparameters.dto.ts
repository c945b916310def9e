import { ApiProperty } from '@nestjs/swagger';
import { scheduleNames, type ScheduleName } from '../../bert/fine-tuning/schedule.js';

/** What a training is done with, but for `maxLength`. `POST /train` says what each means. */
export class HyperparametersDto {
  @ApiProperty({ type: 'integer', example: 3 })
  epochs!: number;

  @ApiProperty({ type: 'integer', example: 32 })
  batchSize!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  gradientAccumulationSteps!: number;

  @ApiProperty({ example: 3e-5 })
  learningRate!: number;

  @ApiProperty({ enum: scheduleNames, example: 'linear' })
  schedule!: ScheduleName;

  @ApiProperty({ example: 0.1 })
  warmupRatio!: number;

  @ApiProperty({ description: '1: off.', example: 1 })
  layerwiseLearningRateDecay!: number;

  @ApiProperty({ example: 0.01 })
  weightDecay!: number;

  @ApiProperty({ example: 0.1 })
  dropout!: number;

  @ApiProperty({ example: 1 })
  maxGradientNorm!: number;

  @ApiProperty({ description: '0: off.', example: 0 })
  labelSmoothing!: number;

  @ApiProperty({
    description: 'Of label 0 and of label 1; null: off.',
    oneOf: [
      { type: 'string', enum: ['balanced'] },
      { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 },
    ],
    nullable: true,
    example: null,
  })
  classWeights!: readonly [number, number] | 'balanced' | null;

  @ApiProperty({ description: '0: off.', example: 0 })
  rDrop!: number;

  @ApiProperty({ type: 'integer', description: '0: off.', example: 0 })
  reinitializedLayers!: number;

  @ApiProperty({ type: 'integer', description: '0: off.', example: 0 })
  weightAveraging!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Null: at the ends of epochs alone.',
    example: null,
  })
  evaluationSteps!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Null: off.', example: null })
  earlyStoppingPatience!: number | null;

  @ApiProperty({ type: 'integer', example: 42 })
  seed!: number;
}
