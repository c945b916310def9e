import path from 'node:path';
import { InvalidInputError } from '../../common/errors.js';
import { quoted } from '../../common/text.js';

/** Format of a file with rows. */
export type FileFormat = 'tsv' | 'csv' | 'jsonl';

export const fileFormats: readonly FileFormat[] = ['tsv', 'csv', 'jsonl'];

/** What the client says about a file. */
export interface FileDescription {
  fileName?: string;
  contentType?: string;
  /** The format that the client states. It has priority. */
  format?: string;
}

/**
 * Chooses the format by the client's statement, else by the content type, else by the file name, else TSV.
 * Browsers and curl send most files with a type that says nothing, such as application/octet-stream or
 * Excel's.
 * @throws InvalidInputError if the stated format is unknown
 */
export function fileFormatOf({ format, contentType = '', fileName = '' }: FileDescription): FileFormat {
  if (format !== undefined && format.trim() !== '') {
    const named = fileFormats.find((known) => known === format.trim());
    if (named) return named;
    const message = `format must be one of ${fileFormats.join(', ')}, not ${quoted(format)}`;
    throw new InvalidInputError(`The form is not valid: ${message}`, [{ path: ['format'], message }]);
  }
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase();
  return byType.get(type) ?? byExtension.get(path.extname(fileName).toLowerCase()) ?? 'tsv';
}

const byType = new Map<string, FileFormat>([
  ['text/tab-separated-values', 'tsv'],
  ['text/csv', 'csv'],
  ['application/csv', 'csv'],
  ['application/x-ndjson', 'jsonl'],
  ['application/ndjson', 'jsonl'],
  ['application/jsonl', 'jsonl'],
  ['application/x-jsonlines', 'jsonl'],
  ['application/json-lines', 'jsonl'],
  ['application/json', 'jsonl'],
]);

const byExtension = new Map<string, FileFormat>([
  ['.csv', 'csv'],
  ['.jsonl', 'jsonl'],
  ['.ndjson', 'jsonl'],
  ['.json', 'jsonl'],
]);
