import { ApiProperty } from '@nestjs/swagger';
import { IntervalDto } from '../../models/dto/figures.dto.js';
import { runStatuses, type RunStatus } from '../../training/run.js';
import type { Rungs } from '../halving.js';
import type { CombinationResult, Effect, SweepResults, ValueEffect } from '../results.js';
import type { Sweep } from '../sweep.js';
import { CombinationDto } from './space.dto.js';

export class CombinationRunDto {
  @ApiProperty({ example: 'run_01JD3W5M4E7Y2V0N8GQ6T1CXZA' })
  id!: string;

  @ApiProperty({ type: 'integer', example: 42 })
  seed!: number;

  @ApiProperty({ enum: runStatuses, enumName: 'RunStatus', example: 'succeeded' })
  status!: RunStatus;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'MCC of its best evaluation so far.',
    example: 0.59,
  })
  mcc!: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'Null if it has no model, or its model was deleted because it could not be the best any more.',
    example: 'mdl_01JD3X9K5T2H7R4B6WQ8NZ0EVC',
  })
  modelId!: string | null;

  @ApiProperty({ type: 'integer', description: 'Epochs that it has done.', example: 2 })
  epochs!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'The last rung that it has come to, from 1; 0 before the first. Null unless the method is `successive-halving`.',
    example: 1,
  })
  rung!: number | null;
}

export class CombinationResultDto {
  @ApiProperty({
    type: CombinationDto,
    description: 'The hyperparameters of the space. The others have their defaults.',
    example: { epochs: 3, batchSize: 16, learningRate: 3e-5 },
  })
  hyperparameters!: CombinationDto;

  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'Mean MCC of its runs that succeeded. If none has, of the best evaluations so far. Null before the first evaluation.',
    example: 0.583,
  })
  mcc!: number | null;

  @ApiProperty({
    description: 'Whether `mcc` is of runs that succeeded. Others come after all that are.',
    example: true,
  })
  trained!: boolean;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Standard deviation of the MCC between seeds. Null with fewer than two runs.',
    example: 0.012,
  })
  standardDeviation!: number | null;

  @ApiProperty({ type: IntervalDto, nullable: true, description: '95 % interval of `mcc`.' })
  interval!: IntervalDto | null;

  @ApiProperty({
    type: String,
    enum: ['seeds', 'rows'],
    nullable: true,
    description:
      "What the interval allows for. `seeds`: what other seeds would give, by Student's t distribution. `rows`: what other validation rows " +
      'would give, by the bootstrap of the only run.',
    example: 'rows',
  })
  intervalOf!: 'seeds' | 'rows' | null;

  @ApiProperty({ type: [CombinationRunDto] })
  runs!: CombinationRunDto[];

  static of(this: void, result: CombinationResult, rungs: Rungs | null): CombinationResultDto {
    const { values, mcc, isTrained, standardDeviation, interval, intervalOf, runs } = result;
    return {
      hyperparameters: values,
      mcc,
      trained: isTrained,
      standardDeviation,
      interval,
      intervalOf,
      runs: runs.map((run) => ({
        ...run,
        rung: rungs && rungs.epochs.filter((rung) => rung <= run.epochs).length,
      })),
    };
  }
}

export class ValueEffectDto {
  @ApiProperty({
    description: 'The value. Null if this is a part of a range.',
    nullable: true,
    oneOf: [{ type: 'number' }, { type: 'string' }, { type: 'array', items: { type: 'number' } }],
    example: 3e-5,
  })
  value!: unknown;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Lowest value of a part of a range.',
    example: null,
  })
  from!: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Highest value of a part of a range.',
    example: null,
  })
  to!: number | null;

  @ApiProperty({ type: 'integer', description: 'Runs that succeeded with it.', example: 6 })
  runs!: number;

  @ApiProperty({ description: 'Their mean MCC.', example: 0.571 })
  mcc!: number;

  @ApiProperty({
    type: IntervalDto,
    nullable: true,
    description: "95 % interval of that mean, by Student's t distribution. Null with fewer than two runs.",
  })
  interval!: IntervalDto | null;

  static of(this: void, effect: ValueEffect): ValueEffectDto {
    const { value, from, to, runs, mcc, interval } = effect;
    return { value, from, to, runs, mcc, interval };
  }
}

export class EffectDto {
  @ApiProperty({ example: 'learningRate' })
  name!: string;

  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'Share of the variance of the MCC between runs that lies between these values (η²), from 0 to 1. Null if there are too few runs to tell.',
    example: 0.64,
  })
  varianceShare!: number | null;

  @ApiProperty({ type: [ValueEffectDto] })
  values!: ValueEffectDto[];

  static of(this: void, { name, share, values }: Effect): EffectDto {
    return { name, varianceShare: share, values: values.map(ValueEffectDto.of) };
  }
}

export class SweepResultsDto {
  @ApiProperty({ example: 'swp_01JD3XS5T8B1H6M4CQ2V7WZE0R' })
  sweepId!: string;

  @ApiProperty({ type: [CombinationResultDto], description: 'Best first: by mean MCC.' })
  combinations!: CombinationResultDto[];

  @ApiProperty({
    type: [EffectDto],
    description:
      'What each hyperparameter does to the MCC: the mean of all runs with each of its values. Hyperparameters with one value are left out. ' +
      'With `successive-halving`, the MCC is that at the first rung.',
  })
  effects!: EffectDto[];

  static of({ sweep, results }: { sweep: Sweep; results: SweepResults }): SweepResultsDto {
    return {
      sweepId: sweep.id,
      combinations: results.combinations.map((result) => CombinationResultDto.of(result, sweep.search.rungs)),
      effects: results.effects.map(EffectDto.of),
    };
  }
}
