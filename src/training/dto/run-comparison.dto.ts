import { ApiProperty } from '@nestjs/swagger';
import { IntervalDto } from '../../models/dto/figures.dto.js';
import type { PairComparison, PairedDifference, RunComparison } from '../run-comparison.js';
import { RunDto, RunPointDto } from './run.dto.js';

export class ComparedRunDto extends RunDto {
  @ApiProperty({
    type: [RunPointDto],
    description: 'Loss and learning rate over the steps, as `GET /train/{id}/metrics` has them.',
  })
  points!: RunPointDto[];
}

export class RunDifferenceDto {
  @ApiProperty({
    description: 'A hyperparameter, `baseModel`, `datasetId` or `validationDatasetId`.',
    example: 'learningRate',
  })
  name!: string;

  @ApiProperty({
    type: 'array',
    description: 'The value of each run as it was requested, in the order of `runs`.',
    items: {
      nullable: true,
      oneOf: [
        { type: 'number' },
        { type: 'string' },
        { type: 'boolean' },
        { type: 'array', items: { type: 'number' } },
      ],
    },
    example: [3e-5, 1e-4],
  })
  values!: unknown[];
}

/** What the best evaluations of two runs judge differently. */
export class PairedDifferenceDto implements PairedDifference {
  /** How many rows both runs were validated on. @example 527 */
  rows!: number;

  /** MCC of the first run. @example 0.563 */
  firstMcc!: number;

  /** MCC of the second run. @example 0.594 */
  secondMcc!: number;

  /** `secondMcc` minus `firstMcc`. @example 0.031 */
  mccDifference!: number;

  /** 95 % interval of `mccDifference`: percentiles of 1,000 bootstrap samples, each with both judgements of its rows. */
  mccDifferenceInterval!: IntervalDto;

  /** Rows that both judge as they are labelled. @example 401 */
  bothRight!: number;

  /** Rows that only the first run judges as they are labelled. @example 21 */
  onlyFirstRight!: number;

  /** Rows that only the second run judges as they are labelled. @example 37 */
  onlySecondRight!: number;

  /** Rows that neither judges as they are labelled. @example 68 */
  bothWrong!: number;

  /**
   * p-value of McNemar's exact test, two-sided: the probability that `onlyFirstRight` and `onlySecondRight` would be at least this far
   * apart if both runs were equally often right.
   * @example 0.0479
   */
  pValue!: number;
}

export class PairComparisonDto implements PairComparison {
  @ApiProperty({ example: 'run_01JD3W5M4E7Y2V0N8GQ6T1CXZA' })
  first!: string;

  @ApiProperty({ example: 'run_01JD3XK2R8B5H1M7CQ9V4WZE0T' })
  second!: string;

  @ApiProperty({
    type: PairedDifferenceDto,
    nullable: true,
    description: 'Null if the runs cannot be compared row by row.',
  })
  difference!: PairedDifferenceDto | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why there is no `difference`; null if there is one.',
    example: null,
  })
  reason!: string | null;
}

export class RunComparisonDto {
  @ApiProperty({ type: [ComparedRunDto], description: 'In the order of `ids`.' })
  runs!: ComparedRunDto[];

  @ApiProperty({ type: [RunDifferenceDto], description: 'What the runs were asked for differently.' })
  differences!: RunDifferenceDto[];

  @ApiProperty({ type: [PairComparisonDto], description: 'Each run with each that comes after it.' })
  pairs!: PairComparisonDto[];

  static of({ runs, differences, pairs }: RunComparison): RunComparisonDto {
    return {
      runs: runs.map(({ run, steps }) => ({
        ...RunDto.of(run),
        points: steps.map(({ data }) => RunPointDto.of(data)),
      })),
      differences,
      pairs,
    };
  }
}
