/** Error codes of the system and of SQLite for a full disk or an exceeded quota. */
const SPACE_CODES = ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'];

/** Whether an operation failed because the disk is full. */
export function isSpaceError(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (SPACE_CODES.includes((cause as NodeJS.ErrnoException).code ?? '')) return true;
  }
  return false;
}

/** Whether SQLite reports that the file is damaged or not a database. */
export function isDamagedDatabase(error: unknown): boolean {
  return /^SQLITE_(NOTADB|CORRUPT)/.test((error as { code?: string } | null)?.code ?? '');
}
