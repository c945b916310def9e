import type { TsvFormat } from '../dataset.js';

/** Where a row holds what. */
export interface Columns {
  format: TsvFormat;
  /** How many columns every row has. */
  count: number;
  /** Indices from 0. */
  label: number;
  sentence: number;
  source?: number;
  mark?: number;
}

/** Names that a header may give to the two columns that nobody needs. */
const SOURCE_NAMES = ['source', 'source_code'];
const MARK_NAMES = ['mark', 'original_mark', 'original_label'];

/**
 * Tells the columns from the first line of a file.
 * @returns the columns, or what is wrong and what to do
 */
export function detectColumns(fields: readonly string[]): Columns | string {
  const names = fields.map((field) => field.trim().toLowerCase());
  if (names.includes('sentence') || names.includes('label')) return headerColumns(names);
  if (fields.length === 4) return { format: 'cola', count: 4, source: 0, label: 1, mark: 2, sentence: 3 };
  if (fields.length === 2) return pairColumns(isLabel(fields[0]!), isLabel(fields[1]!));
  return (
    `The first line has ${fields.length} column(s). A file without a header has four (source, label, mark, sentence) ` +
    'or two (sentence and label), with a tab between them; any other needs a header row that names the columns ' +
    `sentence and label.${/[,;]/.test(fields[0]!) && fields.length === 1 ? ' Commas and semicolons do not separate columns.' : ''}`
  );
}

export function isLabel(text: string): boolean {
  return text === '0' || text === '1';
}

function headerColumns(names: string[]): Columns | string {
  for (const name of ['sentence', 'label']) {
    const count = names.filter((candidate) => candidate === name).length;
    if (count === 0) return `The header row names no column ${name}. Name one of its columns ${name}.`;
    if (count > 1) return `The header row names ${count} columns ${name}. Name only one of them so.`;
  }
  return {
    format: 'header',
    count: names.length,
    label: names.indexOf('label'),
    sentence: names.indexOf('sentence'),
    ...optionalColumn('source', names, SOURCE_NAMES),
    ...optionalColumn('mark', names, MARK_NAMES),
  };
}

function optionalColumn(property: 'source' | 'mark', names: string[], known: string[]): Partial<Columns> {
  const index = names.findIndex((name) => known.includes(name));
  return index === -1 ? {} : { [property]: index };
}

function pairColumns(firstIsLabel: boolean, secondIsLabel: boolean): Columns | string {
  if (firstIsLabel && secondIsLabel) {
    return 'Both columns of the first line look like labels. Add a header row that names the columns sentence and label.';
  }
  if (firstIsLabel) return { format: 'label-sentence', count: 2, label: 0, sentence: 1 };
  if (secondIsLabel) return { format: 'sentence-label', count: 2, sentence: 0, label: 1 };
  return (
    'Neither column of the first line is a label. Write 1 (acceptable) or 0 (unacceptable), ' +
    'or add a header row that names the columns sentence and label.'
  );
}
