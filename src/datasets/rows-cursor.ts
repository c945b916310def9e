/** Where a page of rows begins: the number of its first row (from 1), and where that row lies in the file. */
export interface RowsPosition {
  row: number;
  offset: number;
}

/** As a text that clients pass on unread. */
export function cursorOf({ row, offset }: RowsPosition): string {
  return Buffer.from(`${row}:${offset}`).toString('base64url');
}

/** @returns undefined where the text is no cursor */
export function parseCursor(cursor: string): RowsPosition | undefined {
  const [, row, offset] = /^(\d{1,15}):(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  return row === undefined || offset === undefined ? undefined : { row: Number(row), offset: Number(offset) };
}
