import { QueryFailedError } from 'typeorm';

/** Whether a statement failed because another row refers to the row (or the row refers to none). */
export function isForeignKeyViolation(error: unknown): boolean {
  // SQLite enforces ON DELETE RESTRICT by an inner trigger and says so; the schema has no other triggers.
  return ['SQLITE_CONSTRAINT_FOREIGNKEY', 'SQLITE_CONSTRAINT_TRIGGER', '23001', '23503'].includes(
    codeOf(error) ?? '',
  );
}

/** Whether a statement failed because there is a row with this key already. */
export function isUniqueViolation(error: unknown): boolean {
  return ['SQLITE_CONSTRAINT_PRIMARYKEY', 'SQLITE_CONSTRAINT_UNIQUE', '23505'].includes(codeOf(error) ?? '');
}

function codeOf(error: unknown): string | undefined {
  return error instanceof QueryFailedError ? (error.driverError as { code?: string }).code : undefined;
}
