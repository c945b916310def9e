import { columnName, headerless, layoutOf } from '../../common/columns.js';

/** The columns of a TSV stream. */
export interface SentenceColumns {
  /** Number of columns in every row. */
  count: number;
  /** Index from 0. */
  sentence: number;
  /** The client's id of a sentence, if the header has such a column. */
  id?: number;
  /** Whether the first line is a header. */
  isHeader: boolean;
}

/** Advice for CSV, whose quoting is not supported here. */
export const notCsv =
  'A stream of CSV is not judged. Send JSON lines (application/x-ndjson: "A sentence." or {"id": 7, "sentence": "A sentence."} on each ' +
  'line), or tab-separated text without quoting (text/tab-separated-values). Python makes JSON lines of CSV: ' +
  "pandas.read_csv('a.csv').to_json('a.ndjson', orient='records', lines=True).";

/** Column names including `sentence`, separated by commas or semicolons: no sentence looks like that. */
function isCsvHeader(line: string): boolean {
  const names = line.split(/[,;]/).map((name) => columnName(name).replace(/^"(.*)"$/, '$1'));
  return names.length > 1 && names.includes('sentence') && names.every((name) => /^\w*$/.test(name));
}

/**
 * Finds the sentence column from the first line. It accepts the layouts of data sets, whose labels are
 * ignored, and a file of sentences alone.
 * @returns the columns, or what is wrong and what to do
 */
export function sentenceColumns(fields: readonly string[]): SentenceColumns | string {
  if (fields.some((field) => field.includes('\r'))) {
    return 'The lines end with CR alone. Save the file with LF or CRLF line ends.';
  }
  if (fields.length === 1 && isCsvHeader(fields[0]!)) return notCsv;
  const names = fields.map(columnName);
  const count = fields.length;
  const named = names.filter((name) => name === 'sentence').length;
  if (named === 1) {
    const id = names.indexOf('id');
    return { count, sentence: names.indexOf('sentence'), ...(id >= 0 && { id }), isHeader: true };
  }
  if (named > 1) return `The header row names ${named} columns sentence. Name only one of them so.`;
  if (count === 1) return { count, sentence: 0, isHeader: false };
  const layout = layoutOf(fields);
  if (layout !== null && layout !== 'header') {
    return { count, sentence: headerless[layout].sentence, isHeader: false };
  }
  return (
    `Which of the ${count} columns holds the sentences? Add a header row that names it sentence. Without a header, a file has ` +
    'one column (the sentence), two (label 0 or 1, and sentence) or four (source, label, mark, sentence), with a tab between them.'
  );
}
