import path from 'node:path';
import { InvalidInputError } from '../../common/errors.js';
import { quoted } from '../../common/text.js';

/** How a file of rows is written. */
export type FileFormat = 'tsv' | 'csv' | 'jsonl';

export const fileFormats: readonly FileFormat[] = ['tsv', 'csv', 'jsonl'];

/** What is said of a file beside its bytes. */
export interface FileDescription {
  fileName?: string;
  contentType?: string;
  /** What the client calls the format: it knows best. */
  format?: string;
}

/**
 * Tells the format by what the client calls it, else by the content type, else by the file's name; TSV where nothing tells.
 * Browsers and curl give most files a type that says nothing, such as application/octet-stream or that of Excel.
 * @throws InvalidInputError for a format that is none
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
