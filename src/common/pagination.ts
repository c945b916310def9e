import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import { LessThan, type FindManyOptions, type FindOptionsWhere, type Repository } from 'typeorm';
import { ID_PATTERN } from './identifiers.js';
import { WholeNumberField } from './number-fields.js';

/** The query of every list. */
export class PageQuery {
  @WholeNumberField({ description: 'How many items to give at most.', min: 1, max: 100, default: 20 })
  limit: number = 20;

  @ApiPropertyOptional({
    pattern: ID_PATTERN.source,
    description: '`nextCursor` of the page before. Leave it out for the first page.',
  })
  @IsOptional()
  @Matches(ID_PATTERN, { message: 'cursor must be the nextCursor of an earlier page, unchanged' })
  cursor?: string;
}

export interface Page<T> {
  items: T[];
  /** What to pass as `cursor` for the next page; null on the last one. */
  nextCursor: string | null;
}

/** One page of a table, newest first. */
export async function findPage<E extends { id: string }>(
  repository: Repository<E>,
  query: PageQuery,
  where: FindOptionsWhere<E> = {},
): Promise<Page<E>> {
  const found = await repository.find({
    where: query.cursor ? { ...where, id: LessThan(query.cursor) } : where,
    order: { id: 'DESC' },
    // One more than asked for tells whether there is a next page.
    take: query.limit + 1,
  } as FindManyOptions<E>);
  const items = found.slice(0, query.limit);
  return { items, nextCursor: found.length > query.limit ? items.at(-1)!.id : null };
}
