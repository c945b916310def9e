/** What the system and SQLite say when a disk, or the share of it that somebody may use, is full. */
const SPACE_CODES = ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'];

/** Whether something failed for want of space on the disk. */
export function isSpaceError(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (SPACE_CODES.includes((cause as NodeJS.ErrnoException).code ?? '')) return true;
  }
  return false;
}

/** Whether SQLite said that the file is damaged, or is no database. */
export function isDamagedDatabase(error: unknown): boolean {
  return /^SQLITE_(NOTADB|CORRUPT)/.test((error as { code?: string } | null)?.code ?? '');
}
