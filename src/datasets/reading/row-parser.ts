import { sentenceProblem } from '../../bert/tokenizer/sentence-problem.js';
import { InvalidInputError, type InputProblem } from '../../common/errors.js';
import { LineReader } from '../../common/line-reader.js';
import { quoted } from '../../common/text.js';
import { columnName, detectColumns, isLabel, type Columns, type RowLayout } from '../../common/columns.js';
import { CsvReader } from './csv-reader.js';
import type { FileFormat } from './file-format.js';
import { JsonLinesReader } from './json-lines-reader.js';
import { ProblemList } from '../../common/problem-list.js';
import type { OnRecord, Problems, RecordReader } from './record-reader.js';

export interface LabelledRow {
  /** Line of the file on which the row begins, from 1. */
  line: number;
  label: 0 | 1;
  sentence: string;
  source: string;
  mark: string;
  /** Whether a text had a line break or a tab. It has been replaced by a space: stored rows have one line each. */
  hadBreaks: boolean;
}

/** Reads labelled sentences from a file of any format while it arrives. */
export class RowParser {
  private readonly problems = new ProblemList();
  private readonly records: RecordReader;
  private columns?: Columns;
  private rows = 0;
  /** Blank lines with nothing after them so far. They are allowed at the end of the file only. */
  private blankLines = { first: 0, count: 0 };

  constructor(
    private readonly format: FileFormat,
    private readonly onRow: (row: LabelledRow) => void,
  ) {
    this.records = recordReader(format, this.problems, (fields, line) => this.readRecord(fields, line));
  }

  /** @throws InvalidInputError as soon as it is clear that the file has no rows */
  push(chunk: Buffer): void {
    this.records.push(chunk);
  }

  /** @throws InvalidInputError with the first problems, if there are any */
  end(): { layout: RowLayout; rows: number } {
    this.records.end();
    if (this.problems.count > 0) {
      const [first] = this.problems.first;
      const lead = this.problems.count === 1 ? 'One line is' : `${this.problems.count} lines are`;
      throw new InvalidInputError(
        `${lead} wrong, and nothing was stored. Correct the file and send it again. Line ${first!.line}: ${first!.message}`,
        this.problems.first,
        this.problems.count,
      );
    }
    if (!this.columns || this.rows === 0) {
      const message = this.columns ? 'The file has a header row and no row after it.' : 'The file is empty.';
      throw new InvalidInputError(`${message} Send at least one labelled sentence.`);
    }
    return { layout: this.columns.format, rows: this.rows };
  }

  private readRecord(fields: readonly string[], line: number): void {
    if (fields.length === 1 && fields[0] === '') {
      if (this.blankLines.count++ === 0) this.blankLines.first = line;
      return;
    }
    if (this.blankLines.count > 0) this.reportBlankLines();

    if (!this.columns) {
      this.columns = this.columnsOf(fields, line);
      if (this.columns.format === 'header') return;
    }
    const row = this.rowOf(fields, this.columns, line);
    if (!row) return;
    this.rows++;
    this.onRow(row);
  }

  private rowOf(fields: readonly string[], columns: Columns, line: number): LabelledRow | undefined {
    if (fields.length !== columns.count) {
      this.problems.add({
        line,
        column: Math.min(fields.length, columns.count) + 1,
        message: `The line has ${fields.length} column(s), not ${columns.count}. ${this.countAdvice(fields, columns)}`,
      });
      return undefined;
    }
    const label = fields[columns.label]!;
    const sentence = fields[columns.sentence]!;
    const wrong = problemOf(label, sentence);
    if (wrong) {
      this.problems.add({ line, ...this.place(columns, wrong.column), message: wrong.message });
      return undefined;
    }
    const source = columns.source === undefined ? '' : fields[columns.source]!;
    const mark = columns.mark === undefined ? '' : fields[columns.mark]!;
    const hadBreaks = [sentence, source, mark].some((text) => breaks.test(text));
    return {
      line,
      label: label === '1' ? 1 : 0,
      sentence: onOneLine(sentence),
      source: onOneLine(source),
      mark: onOneLine(mark),
      hadBreaks,
    };
  }

  private place(columns: Columns, name: 'label' | 'sentence'): Pick<InputProblem, 'field' | 'column'> {
    return this.format === 'jsonl' ? { field: name } : { column: columns[name] + 1 };
  }

  private reportBlankLines(): void {
    this.problems.addLines(this.blankLines.first, this.blankLines.count, 'The line is blank. Delete it.');
    this.blankLines = { first: 0, count: 0 };
  }

  private columnsOf(fields: readonly string[], line: number): Columns {
    const columns = fields.some((field) => field.includes('\r'))
      ? 'The lines end with CR alone. Save the file with LF or CRLF line ends.'
      : detectColumns(fields);
    if (typeof columns !== 'string') return columns;
    const message = this.format === 'tsv' ? `${columns}${otherFormatAdvice(fields)}` : columns;
    throw new InvalidInputError(message, [{ line, message }]);
  }

  private countAdvice(fields: readonly string[], { count, format }: Columns): string {
    if (this.format === 'tsv' && fields.some((field) => field.startsWith('"'))) {
      return `Is the file quoted, as pandas writes it? Then ${asCsv}.`;
    }
    if (fields.length < count) {
      return this.format === 'tsv'
        ? 'Separate columns with one tab each; an empty column still needs its tab.'
        : 'An empty column still needs its delimiter.';
    }
    if (this.format === 'csv') return 'Put a text that holds the delimiter between quote marks.';
    return format === 'header'
      ? 'Remove tabs from texts, or name the column in the header.'
      : 'Remove tabs from texts.';
  }
}

function recordReader(format: FileFormat, problems: Problems, onRecord: OnRecord): RecordReader {
  if (format === 'csv') return new CsvReader(problems, onRecord);
  if (format === 'jsonl') return new JsonLinesReader(problems, onRecord);
  // TSV has no quoting: a quote mark is an ordinary character. So splitting at tabs is enough, and no library
  // is needed.
  return new LineReader(problems, (text, line) => onRecord(text.split('\t'), line));
}

/** Advice for a file that is quoted like CSV. */
export const asCsv = 'send it as CSV (tabs may separate its columns): -F format=csv before -F file=@…';

/** Advice for a file that was read as TSV because nothing stated its format. */
function otherFormatAdvice(fields: readonly string[]): string {
  const [first] = fields as [string];
  if (first.trimStart().startsWith('{')) {
    return ' This looks like JSON lines: name the file .jsonl, or send -F format=jsonl before -F file=@….';
  }
  const isQuoted = fields.some((field) => /^"(sentence|label|[01])"$/.test(columnName(field)));
  if (isQuoted || (fields.length === 1 && /[,;]/.test(first))) {
    return ` Only tabs separate columns of TSV, and quote marks are letters. If this is CSV, name the file .csv, or ${asCsv}.`;
  }
  return '';
}

function problemOf(
  label: string,
  sentence: string,
): { column: 'label' | 'sentence'; message: string } | undefined {
  if (!isLabel(label)) return { column: 'label', message: problemOfLabel(label) };
  const problem = sentenceProblem(sentence);
  return problem === null
    ? undefined
    : { column: 'sentence', message: `The sentence ${problem}, or delete the line.` };
}

function problemOfLabel(label: string): string {
  const bom = label.startsWith('\uFEFF')
    ? ' A byte-order mark (U+FEFF) comes before it, as where files were joined.'
    : '';
  return `The label is ${quoted(label)}.${bom} Write 1 (acceptable) or 0 (unacceptable).`;
}

const breaks = /[\t\n\r]/;

function onOneLine(text: string): string {
  return breaks.test(text) ? text.replace(/[\t\n\r]+/g, ' ').trim() : text;
}
