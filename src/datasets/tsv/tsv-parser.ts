import { sentenceProblem } from '../../bert/tokenizer/sentence-problem.js';
import { InvalidInputError } from '../../common/errors.js';
import { LineReader } from '../../common/line-reader.js';
import type { TsvFormat } from '../dataset.js';
import { detectColumns, isLabel, type Columns } from './columns.js';
import { ProblemList } from '../../common/problem-list.js';

export interface TsvRow {
  /** Line in the file, from 1. */
  line: number;
  label: 0 | 1;
  sentence: string;
  source: string;
  mark: string;
}

/**
 * Reads labelled sentences from tab-separated text as it arrives. There is no quoting: a quote sign is a letter.
 *
 * Not by csv-parse, though that can switch quotes off: it decodes leniently (bytes that are no UTF-8 would become U+FFFD
 * and train), and settles on the line end of the first line. Without quotes, what is left is cutting at LF and tab.
 */
export class TsvParser {
  private readonly problems = new ProblemList();
  private readonly lines = new LineReader(this.problems, (text, line) => this.readLine(text, line));
  private columns?: Columns;
  private rows = 0;
  /** Blank lines that have nothing after them yet: fine at the end of the file, a mistake elsewhere. */
  private blankLines = { first: 0, count: 0 };

  constructor(private readonly onRow: (row: TsvRow) => void) {}

  /** @throws InvalidInputError where it is clear that no row will ever be found */
  push(chunk: Buffer): void {
    this.lines.push(chunk);
  }

  /** @throws InvalidInputError with the first problems, where there are any */
  end(): { format: TsvFormat; rows: number } {
    this.lines.end();
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
    return { format: this.columns.format, rows: this.rows };
  }

  private readLine(text: string, line: number): void {
    if (text === '') {
      if (this.blankLines.count++ === 0) this.blankLines.first = line;
      return;
    }
    if (this.blankLines.count > 0) this.reportBlankLines();

    const fields = text.split('\t');
    if (!this.columns) {
      this.columns = columnsOf(fields, line);
      if (this.columns.format === 'header') return;
    }
    const row = this.rowOf(fields, this.columns, line);
    if (!row) return;
    this.rows++;
    this.onRow(row);
  }

  private rowOf(fields: string[], columns: Columns, line: number): TsvRow | undefined {
    if (fields.length !== columns.count) {
      this.problems.add({
        line,
        column: Math.min(fields.length, columns.count) + 1,
        message: `The line has ${fields.length} column(s), not ${columns.count}. ${countAdvice(fields.length, columns)}`,
      });
      return undefined;
    }
    const label = fields[columns.label]!;
    const sentence = fields[columns.sentence]!;
    if (!isLabel(label)) {
      this.problems.add({
        line,
        column: columns.label + 1,
        message: `The label is ${quote(label)}. Write 1 (acceptable) or 0 (unacceptable).`,
      });
      return undefined;
    }
    const problem = sentenceProblem(sentence);
    if (problem !== null) {
      this.problems.add({
        line,
        column: columns.sentence + 1,
        message: `The sentence ${problem}, or delete the line.`,
      });
      return undefined;
    }
    return {
      line,
      label: label === '1' ? 1 : 0,
      sentence,
      source: columns.source === undefined ? '' : fields[columns.source]!,
      mark: columns.mark === undefined ? '' : fields[columns.mark]!,
    };
  }

  private reportBlankLines(): void {
    this.problems.addLines(this.blankLines.first, this.blankLines.count, 'The line is blank. Delete it.');
    this.blankLines = { first: 0, count: 0 };
  }
}

function columnsOf(fields: string[], line: number): Columns {
  const columns = fields.some((field) => field.includes('\r'))
    ? 'The lines end with CR alone. Save the file with LF or CRLF line ends.'
    : detectColumns(fields);
  if (typeof columns !== 'string') return columns;
  throw new InvalidInputError(columns, [{ line, message: columns }]);
}

function countAdvice(found: number, { count, format }: Columns): string {
  if (found < count) return 'Separate columns with one tab each; an empty column still needs its tab.';
  return format === 'header'
    ? 'Remove tabs from texts, or name the column in the header.'
    : 'Remove tabs from texts.';
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
