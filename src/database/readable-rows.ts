import { Logger } from '@nestjs/common';
import type {
  FindManyOptions,
  FindOptionsSelect,
  FindOptionsWhere,
  ObjectLiteral,
  Repository,
} from 'typeorm';
import { DamagedError } from '../common/errors.js';

/** A row that was looked for. */
export interface FoundRow<E> {
  /** Its primary key. */
  key: Partial<E>;
  /** Null where it is there but cannot be read: the log says so. */
  row: E | null;
}

const logger = new Logger('Database');
/** Rows that the log has told of. */
const told = new Set<string>();

/** What `find` gives, but for rows that cannot be read: they hide no others. */
export async function findReadable<E extends ObjectLiteral>(
  repository: Repository<E>,
  options: FindManyOptions<E>,
): Promise<FoundRow<E>[]> {
  const keyOf = (row: E) =>
    Object.fromEntries(
      repository.metadata.primaryColumns.map(({ propertyName }) => [
        propertyName,
        row[propertyName] as unknown,
      ]),
    ) as Partial<E>;
  try {
    return (await repository.find(options)).map((row) => ({ key: keyOf(row), row }));
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
  }
  const select = Object.fromEntries(
    repository.metadata.primaryColumns.map(({ propertyName }) => [propertyName, true]),
  ) as FindOptionsSelect<E>;
  const found: FoundRow<E>[] = [];
  for (const key of (await repository.find({ ...options, select })).map(keyOf)) {
    try {
      const where = key as FindOptionsWhere<E>;
      const row = await repository.findOne({ select: options.select, where });
      // Deleted meanwhile.
      if (row) found.push({ key, row });
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      tell(`${repository.metadata.tableName} ${Object.values(key).join()}`, error);
      found.push({ key, row: null });
    }
  }
  return found;
}

/** The rows alone. */
export async function findReadableRows<E extends ObjectLiteral>(
  repository: Repository<E>,
  options: FindManyOptions<E>,
): Promise<E[]> {
  return (await findReadable(repository, options)).flatMap(({ row }) => (row === null ? [] : [row]));
}

function tell(row: string, { message }: DamagedError): void {
  if (told.has(row)) return;
  told.add(row);
  logger.error(`${row} is left out of lists: ${message}`);
}
