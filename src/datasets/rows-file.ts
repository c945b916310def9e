import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { DamagedError } from '../common/errors.js';

/*
 * `rows.tsv` is the stored form of a data set: one line per row, `label⇥sentence⇥source⇥mark`, UTF-8, LF.
 * Texts hold no tabs and no line feeds. These are plain functions because the training thread uses them too.
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

/** Size of a row in the file, in bytes. */
export function bytesOfRow(row: StoredRow): number {
  return Buffer.byteLength(formatRow(row));
}

/** Conditions for rows. */
export interface RowFilter {
  label?: 0 | 1;
  /** A part of the sentence or of its source. Case does not matter. */
  search?: string;
}

/** @returns undefined if every row matches */
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

/** Returns the text of a row for the content hash. */
export function hashedRow({ label, sentence }: Pick<StoredRow, 'label' | 'sentence'>): string {
  return `${label}\t${sentence}\n`;
}

/** Where the rows of a data set are. */
export interface RowsSource {
  id: string;
  /** Path of the rows file. */
  path: string;
  contentHash: string;
}

/**
 * Reads a whole file row by row, in constant memory.
 * @throws DamagedError if a line is not a row, or, after the last one, if the content hash differs
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
  /** Offset in bytes of the end of the last row. */
  endOffset: number;
  /** Offset in bytes of the next page; null at the end of the file. */
  nextOffset: number | null;
}

/**
 * Reads rows from a byte offset on.
 * @returns undefined if no row begins at the offset
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
  // One read is enough for sentences of usual length.
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

/** @returns undefined if the line is not a row */
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

/** The message leaves the line out: errors are logged, and sentences do not belong in the log. */
function noRow(): never {
  throw new Error('This is a bug: a stored line is no row');
}

function damaged(id: string): DamagedError {
  return new DamagedError(
    `Data set ${id} is damaged: its rows are not what was stored. Restore its folder from a backup (docs/operations.md), or delete it ` +
      `(DELETE /datasets/${id}) and upload it again.`,
  );
}

/** The start of a page: the number of its first row (from 1) and the byte offset of that row. */
export interface RowsPosition {
  row: number;
  offset: number;
}

/** Encodes a position as an opaque text for clients. */
export function cursorOf({ row, offset }: RowsPosition): string {
  return Buffer.from(`${row}:${offset}`).toString('base64url');
}

/** @returns undefined if the text is not a cursor */
export function parseCursor(cursor: string): RowsPosition | undefined {
  const [, row, offset] = /^(\d{1,15}):(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  return row === undefined || offset === undefined ? undefined : { row: Number(row), offset: Number(offset) };
}
