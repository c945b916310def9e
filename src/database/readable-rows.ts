import { Logger } from '@nestjs/common';
import type {
  FindManyOptions,
  FindOptionsSelect,
  FindOptionsWhere,
  ObjectLiteral,
  Repository,
} from 'typeorm';
import { DamagedError } from '../common/errors.js';

/** A row that was found. */
export interface FoundRow<E> {
  /** Its primary key. */
  key: Partial<E>;
  /** null if the row cannot be read. The log reports it. */
  row: E | null;
}

const logger = new Logger('Database');
/** Rows that have been logged. */
const told = new Set<string>();

/** The result of `find`, except that unreadable rows do not make it fail. */
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
      // Otherwise it was deleted in the meantime.
      if (row) found.push({ key, row });
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      tell(`${repository.metadata.tableName} ${Object.values(key).join()}`, error);
      found.push({ key, row: null });
    }
  }
  return found;
}

/** Only the readable rows. */
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
