import { QueryFailedError } from 'typeorm';

/** Whether a statement failed because another row refers to the row (or the row refers to none). */
export function isForeignKeyViolation(error: unknown): boolean {
  // SQLite enforces ON DELETE RESTRICT by an inner trigger and says so; the schema has no other triggers.
  return ['SQLITE_CONSTRAINT_FOREIGNKEY', 'SQLITE_CONSTRAINT_TRIGGER', '23001', '23503'].includes(
    codeOf(error) ?? '',
  );
}

/** Whether a statement failed because the key is taken. */
export function isUniqueViolation(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || code === '23505';
}

function codeOf(error: unknown): string | undefined {
  return error instanceof QueryFailedError ? (error.driverError as { code?: string }).code : undefined;
}
