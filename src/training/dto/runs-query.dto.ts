import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { PageQuery } from '../../api/page-query.js';
import { ID_PATTERN } from '../../common/identifiers.js';
import { runStatuses, type RunStatus } from '../run.js';
import { WholeNumberField } from '../../api/number-fields.js';

export class RunsQuery extends PageQuery {
  /** Only runs with this status. */
  @ApiPropertyOptional({ enum: runStatuses, enumName: 'RunStatus', example: 'succeeded' })
  @IsOptional()
  @IsIn(runStatuses, { message: `status must be one of ${runStatuses.join(', ')}` })
  status?: RunStatus;

  /** Only runs of this sweep. */
  @ApiPropertyOptional({ pattern: ID_PATTERN.source, example: 'swp_01JD3XS5T8B1H6M4CQ2V7WZE0R' })
  @IsOptional()
  @Matches(ID_PATTERN, { message: 'sweep must be the id of a sweep, see GET /sweeps' })
  sweep?: string;
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
