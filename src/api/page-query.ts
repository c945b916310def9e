import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import { ID_PATTERN } from '../common/identifiers.js';
import { WholeNumberField } from './number-fields.js';

/** The query of every list. */
export class PageQuery {
  @WholeNumberField({ description: 'Largest number of items in the answer.', min: 1, max: 100, default: 20 })
  limit: number = 20;

  @ApiPropertyOptional({
    pattern: ID_PATTERN.source,
    description: '`nextCursor` of the previous page. Leave it out for the first page.',
  })
  @IsOptional()
  @Matches(ID_PATTERN, { message: 'cursor must be the nextCursor of an earlier page, unchanged' })
  cursor?: string;
}
