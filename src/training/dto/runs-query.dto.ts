import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { PageQuery } from '../../api/page-query.js';
import { runStatuses, type RunStatus } from '../run.js';

export class RunsQuery extends PageQuery {
  /** Only runs with this status. */
  @ApiPropertyOptional({ enum: runStatuses, enumName: 'RunStatus', example: 'succeeded' })
  @IsOptional()
  @IsIn(runStatuses, { message: `status must be one of ${runStatuses.join(', ')}` })
  status?: RunStatus;
}
