import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { DamagedError } from '../common/errors.js';

/*
 * `rows.tsv` is a dataset as it is stored: a line for each row, `label⇥sentence⇥source⇥mark`, UTF-8, LF. Texts hold neither
 * tabs nor line feeds. Plain functions: the training thread reads it too.
 */

export const ROWS_FILE = 'rows.tsv';

export interface StoredRow {
  label: 0 | 1;
  sentence: string;
  source: string;
  mark: string;
}

export function formatRow({ label, sentence, source, mark }: StoredRow): string {
  return `${label}\t${sentence}\t${source}\t${mark}\n`;
}

/** As it is stored. */
export function bytesOfRow(row: StoredRow): number {
  return Buffer.byteLength(formatRow(row));
}

/** Which rows are wanted. */
export interface RowFilter {
  label?: 0 | 1;
  /** Part of the sentence or of its source, in capitals or not. */
  search?: string;
}

/** @returns undefined where all are wanted */
export function rowFilter({ label, search }: RowFilter): ((row: StoredRow) => boolean) | undefined {
  if (label === undefined && !search) return undefined;
  const text = fold(search ?? '');
  return (row) =>
    (label === undefined || row.label === label) &&
    (text === '' || fold(row.sentence).includes(text) || fold(row.source).includes(text));
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/** Adds a row to what a content hash is of. */
export function hashedRow({ label, sentence }: Pick<StoredRow, 'label' | 'sentence'>): string {
  return `${label}\t${sentence}\n`;
}

/** The rows of a dataset as its service gives them. */
export interface RowsSource {
  id: string;
  /** Of the file. */
  path: string;
  contentHash: string;
}

/**
 * Reads a whole file row by row, in constant memory.
 * @throws DamagedError where a row is none, and after the last one where they are not what the content hash is of
 */
export async function* readRows({ id, path, contentHash }: RowsSource): AsyncGenerator<StoredRow> {
  const hash = createHash('sha256');
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
    const lines = (rest + (chunk as string)).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      const row = parseRow(line);
      if (!row) throw damaged(id);
      hash.update(hashedRow(row));
      yield row;
    }
  }
  if (rest !== '' || hash.digest('hex') !== contentHash) throw damaged(id);
}

export interface RowsPage {
  rows: StoredRow[];
  /** Where the last of these rows ends. */
  endOffset: number;
  /** Where the next page begins; null at the end of the file. */
  nextOffset: number | null;
}

/**
 * Reads some rows from a byte offset on.
 * @returns undefined where no row begins at the offset
 */
export async function readRowsAt(
  file: FileHandle,
  offset: number,
  limit: number,
): Promise<RowsPage | undefined> {
  const { size } = await file.stat();
  if (offset >= size || !(await beginsRow(file, offset))) return undefined;
  let block = Buffer.alloc(0);
  let ends: number[] = [];
  // One read is enough for common sentences; long ones take some more.
  for (let step = READ_BYTES; ends.length < limit && offset + block.length < size; step *= 2) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(step), 0, step, offset + block.length);
    block = Buffer.concat([block, buffer.subarray(0, bytesRead)]);
    ends = lineEnds(block, limit);
  }
  const end = ends.at(-1)! + 1;
  const lines = block.toString('utf8', 0, end - 1).split('\n');
  const rows = lines.map((line) => parseRow(line) ?? noRow());
  const endOffset = offset + end;
  return { rows, endOffset, nextOffset: endOffset < size ? endOffset : null };
}

const READ_BYTES = 1 << 14;
const LF = 0x0a;

async function beginsRow(file: FileHandle, offset: number): Promise<boolean> {
  if (offset === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, offset - 1);
  return buffer[0] === LF;
}

function lineEnds(block: Buffer, limit: number): number[] {
  const ends: number[] = [];
  for (let end = block.indexOf(LF); end !== -1 && ends.length < limit; end = block.indexOf(LF, end + 1))
    ends.push(end);
  return ends;
}

/** @returns undefined where the line is no row */
function parseRow(line: string): StoredRow | undefined {
  const [label, sentence, source, mark] = line.split('\t');
  if (
    (label !== '0' && label !== '1') ||
    sentence === undefined ||
    source === undefined ||
    mark === undefined
  ) {
    return undefined;
  }
  return { label: label === '1' ? 1 : 0, sentence, source, mark };
}

/** Without the line itself: errors are logged, and sentences are not for the log. */
function noRow(): never {
  throw new Error('This is a bug: a stored line is no row');
}

function damaged(id: string): DamagedError {
  return new DamagedError(
    `Dataset ${id} is damaged: its rows are not what was stored. Restore its folder from a backup (docs/operations.md), or delete it ` +
      `(DELETE /datasets/${id}) and upload it again.`,
  );
}

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
