import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, Matches } from 'class-validator';
import { ListOf } from '../../api/form-values.js';
import { RunMetricsQuery } from './runs-query.dto.js';

const FEWEST = 2;
const MOST = 10;
/** OpenAPI's words for it, which the decorator's type does not know. */
const separatedByCommas: object = { style: 'form', explode: false };
const howMany = `ids must be ${FEWEST} to ${MOST} ids of runs, separated by commas`;

export class RunComparisonQuery extends RunMetricsQuery {
  @ListOf(String)
  @ApiProperty({
    type: [String],
    ...separatedByCommas,
    minItems: FEWEST,
    maxItems: MOST,
    uniqueItems: true,
    description: `${FEWEST} to ${MOST} ids of different runs, separated by commas.`,
    example: ['run_01JD3W5M4E7Y2V0N8GQ6T1CXZA', 'run_01JD3XK2R8B5H1M7CQ9V4WZE0T'],
  })
  @Transform(({ value }: { value: unknown }) =>
    [value].flat().flatMap((ids) => (typeof ids === 'string' ? ids.split(',') : [])),
  )
  @ArrayMinSize(FEWEST, { message: howMany })
  @ArrayMaxSize(MOST, { message: howMany })
  @ArrayUnique({ message: 'ids must be different: one of them is there twice' })
  @Matches(/^run_[0-9A-HJKMNP-TV-Z]{26}$/, { each: true, message: howMany })
  ids!: string[];
}
