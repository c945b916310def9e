/**
 * How columns are identified: `cola` has CoLA's four columns, `header` a header row or the fields of JSON
 * objects. The others are two columns in this order.
 */
export const rowLayouts = ['cola', 'header', 'sentence-label', 'label-sentence'] as const;
export type RowLayout = (typeof rowLayouts)[number];

/** The position of each column. */
export interface Columns {
  format: RowLayout;
  /** Number of columns of every row. */
  count: number;
  /** Indices from 0. */
  label: number;
  sentence: number;
  source?: number;
  mark?: number;
}

/** Accepted column names, in a header row or in JSON objects. */
export const columnNames = {
  sentence: ['sentence'],
  label: ['label'],
  source: ['source', 'source_code'],
  mark: ['mark', 'original_mark', 'original_label'],
};

/** Optional columns. */
export const optionalColumnNames: readonly string[] = ['source', 'mark'];

/** Normalises a name for comparison. */
export function columnName(text: string): string {
  return text.trim().toLowerCase();
}

/** Column positions of tables without a header row. */
export const headerless: Readonly<Record<Exclude<RowLayout, 'header'>, Columns>> = {
  cola: { format: 'cola', count: 4, source: 0, label: 1, mark: 2, sentence: 3 },
  'label-sentence': { format: 'label-sentence', count: 2, label: 0, sentence: 1 },
  'sentence-label': { format: 'sentence-label', count: 2, sentence: 0, label: 1 },
};

/** Detects the layout of a table from its first line; null if the line does not show it. */
export function layoutOf(fields: readonly string[]): RowLayout | null {
  const names = fields.map(columnName);
  if (names.includes('sentence') || names.includes('label')) return 'header';
  if (fields.length === 4) return 'cola';
  const [first, second] = fields.map(isLabel);
  if (fields.length !== 2 || first === second) return null;
  return first ? 'label-sentence' : 'sentence-label';
}

/**
 * Finds the columns from the first line of a file.
 * @returns the columns, or what is wrong and what to do
 */
export function detectColumns(fields: readonly string[]): Columns | string {
  const layout = layoutOf(fields);
  if (layout === 'header') return headerColumns(fields.map(columnName));
  if (layout !== null) return headerless[layout];
  if (fields.length === 2) {
    return isLabel(fields[0]!)
      ? 'Both columns of the first line look like labels. Add a header row that names the columns sentence and label.'
      : 'Neither column of the first line is a label. Write 1 (acceptable) or 0 (unacceptable), ' +
          'or add a header row that names the columns sentence and label.';
  }
  return (
    `The first line has ${fields.length} column(s). A file without a header has four (source, label, mark, sentence) ` +
    'or two (sentence and label); any other needs a header row that names the columns sentence and label.'
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
    ...optionalColumn('source', names),
    ...optionalColumn('mark', names),
  };
}

function optionalColumn(property: 'source' | 'mark', names: string[]): Partial<Columns> {
  const index = names.findIndex((name) => columnNames[property].includes(name));
  return index === -1 ? {} : { [property]: index };
}
