import { LessThan, type FindManyOptions, type FindOptionsWhere, type Repository } from 'typeorm';
import { findReadable } from './readable-rows.js';

/** The requested page of a list. */
export interface PageRequest {
  limit: number;
  /** `nextCursor` of the previous page; absent for the first one. */
  cursor?: string;
}

export interface Page<T> {
  items: T[];
  /** What to pass as `cursor` for the next page; null on the last one. */
  nextCursor: string | null;
}

/**
 * One page of a table, newest first. Unreadable rows are skipped.
 * @param leftOut columns that a list does not need
 */
export async function findPage<E extends { id: string }, L extends keyof E = never>(
  repository: Repository<E>,
  query: PageRequest,
  where: FindOptionsWhere<E> = {},
  leftOut: readonly L[] = [],
): Promise<Page<Omit<E, L>>> {
  const found = await findReadable(repository, {
    ...(leftOut.length > 0 && { select: allBut(repository, leftOut) }),
    where: query.cursor ? { ...where, id: LessThan(query.cursor) } : where,
    order: { id: 'DESC' },
    // One extra row shows whether there is a next page.
    take: query.limit + 1,
  } as FindManyOptions<E>);
  const onPage = found.slice(0, query.limit);
  return {
    items: onPage.flatMap(({ row }) => row ?? []),
    nextCursor: found.length > query.limit ? onPage.at(-1)!.key.id! : null,
  };
}

function allBut<E extends object>(
  { metadata }: Repository<E>,
  leftOut: readonly PropertyKey[],
): Record<string, true> {
  const names = metadata.columns.map(({ propertyName }) => propertyName);
  return Object.fromEntries(
    names.filter((name) => !leftOut.includes(name)).map((name) => [name, true as const]),
  );
}
