import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { PageQuery } from '../../api/page-query.js';
import { runStatuses, type RunStatus } from '../run.js';
import { WholeNumberField } from '../../api/number-fields.js';

export class RunsQuery extends PageQuery {
  /** Only runs with this status. */
  @ApiPropertyOptional({ enum: runStatuses, enumName: 'RunStatus', example: 'succeeded' })
  @IsOptional()
  @IsIn(runStatuses, { message: `status must be one of ${runStatuses.join(', ')}` })
  status?: RunStatus;
}

export class RunMetricsQuery {
  @WholeNumberField({
    description:
      'Largest number of points in the answer. A longer curve is thinned evenly; its first and last points stay.',
    min: 2,
    max: 10_000,
    default: 1000,
  })
  points: number = 1000;
}
