/** Where the rows of a TSV stream have their sentence. */
export interface SentenceColumns {
  /** How many columns every row has. */
  count: number;
  /** Index from 0. */
  sentence: number;
  /** What the client calls its sentences, where the header names such a column. */
  id?: number;
  /** Whether the first line is no row but names the columns. */
  isHeader: boolean;
}

/**
 * Tells the column of the sentences from the first line. The forms of data sets are known, whose labels are not looked at, and a
 * file of sentences alone.
 * @returns the columns, or what is wrong and what to do
 */
export function sentenceColumns(fields: readonly string[]): SentenceColumns | string {
  if (fields.some((field) => field.includes('\r'))) {
    return 'The lines end with CR alone. Save the file with LF or CRLF line ends.';
  }
  const names = fields.map((field) => field.trim().toLowerCase());
  const count = fields.length;
  const named = names.filter((name) => name === 'sentence').length;
  if (named === 1) {
    const id = names.indexOf('id');
    return { count, sentence: names.indexOf('sentence'), ...(id >= 0 && { id }), isHeader: true };
  }
  if (named > 1) return `The header row names ${named} columns sentence. Name only one of them so.`;
  if (count === 1) return { count, sentence: 0, isHeader: false };
  if (count === 4) return { count, sentence: 3, isHeader: false };
  const labels = fields.map((field) => field === '0' || field === '1');
  if (count === 2 && labels[0] !== labels[1]) return { count, sentence: labels[0] ? 1 : 0, isHeader: false };
  return (
    `Which of the ${count} columns holds the sentences? Add a header row that names it sentence. Without a header, a file has ` +
    'one column (the sentence), two (label 0 or 1, and sentence) or four (source, label, mark, sentence), with a tab between them.'
  );
}
