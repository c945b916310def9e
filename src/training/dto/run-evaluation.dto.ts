import { ApiProperty } from '@nestjs/swagger';
import type { Evaluation } from '../../bert/evaluation/evaluation.js';
import { ConfusionMatrixDto, IntervalDto } from '../../models/dto/figures.dto.js';
import type { RunEpoch, RunEvaluation } from '../run.js';

/** How well the model did on the validation sentences. */
class ValidationFiguresDto {
  @ApiProperty({ description: 'Mean cross-entropy of the validation sentences.', example: 0.41 })
  validationLoss!: number;

  @ApiProperty({ description: 'Share of the validation sentences judged right.', example: 0.82 })
  accuracy!: number;

  @ApiProperty({ description: 'Matthews correlation on the validation sentences, -1 to 1.', example: 0.56 })
  mcc!: number;

  @ApiProperty({ type: ConfusionMatrixDto })
  confusionMatrix!: ConfusionMatrixDto;
}

export class RunEvaluationDto extends ValidationFiguresDto {
  @ApiProperty({
    type: IntervalDto,
    required: false,
    description:
      '95 % interval of the MCC: percentiles of 1,000 bootstrap samples of the rows. Absent in older runs.',
  })
  mccInterval?: IntervalDto;

  @ApiProperty({ type: 'integer', description: 'Steps done so far.', example: 402 })
  step!: number;

  @ApiProperty({ description: 'Epochs done so far: 1.5 in the middle of the second.', example: 1.5 })
  epoch!: number;

  @ApiProperty({
    description: "Whether the average of the last epochs' weights was evaluated (`weightAveraging`).",
    example: false,
  })
  averaged!: boolean;

  @ApiProperty({
    description: 'Whether this is the highest MCC so far: the weights of the last such evaluation are kept.',
    example: true,
  })
  best!: boolean;

  static of({ step, epoch, averaged, validation, best }: RunEvaluation): RunEvaluationDto {
    const { mccInterval } = validation;
    return { step, epoch, averaged, ...figures(validation), ...(mccInterval && { mccInterval }), best };
  }
}

export class RunEpochDto extends ValidationFiguresDto {
  @ApiProperty({ type: 'integer', description: 'From 1.', example: 1 })
  epoch!: number;

  @ApiProperty({ description: 'Mean loss of the training sentences, dropout on.', example: 0.48 })
  trainingLoss!: number;

  @ApiProperty({ description: 'Seconds of training steps, validation not counted.', example: 412.5 })
  trainingSeconds!: number;

  @ApiProperty({
    description: 'Whether the evaluation at its end has the highest MCC so far.',
    example: true,
  })
  best!: boolean;

  static of({ epoch, trainingLoss, validation, best, trainingSeconds }: RunEpoch): RunEpochDto {
    return { epoch, trainingLoss, ...figures(validation), trainingSeconds, best };
  }
}

function figures({ loss, accuracy, mcc, confusionMatrix }: Evaluation): ValidationFiguresDto {
  return { validationLoss: loss, accuracy, mcc, confusionMatrix };
}
