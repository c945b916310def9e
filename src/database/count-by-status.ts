import type { Repository } from 'typeorm';

/** How many rows of a table have each status; 0 where none has. */
export async function countByStatus<Status extends string, Row extends { status: Status }>(
  rows: Repository<Row>,
  statuses: readonly Status[],
): Promise<Record<Status, number>> {
  const counts = Object.fromEntries(statuses.map((status) => [status, 0])) as Record<Status, number>;
  const found = await rows
    .createQueryBuilder('row')
    .select('row.status', 'status')
    .addSelect('COUNT(*)', 'count')
    .groupBy('row.status')
    .getRawMany<{ status: Status; count: number | string }>();
  for (const { status, count } of found) counts[status] = Number(count);
  return counts;
}
