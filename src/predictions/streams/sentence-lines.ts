import { InvalidInputError, type DomainError } from '../../common/errors.js';
import { parseJson } from '../../common/json.js';
import { LineReader } from '../../common/line-reader.js';
import { problemOfSentence } from '../predict-request.js';
import { idSource } from './id-source.js';
import { sentenceColumns, type SentenceColumns } from './sentence-columns.js';
import { ndjson, type StreamType } from './stream-types.js';

/** A line with a sentence to judge, or a problem. */
export type SentenceLine = {
  /** Line number from 1, including blank lines. */
  line: number;
  /** The client's id, as JSON source text: parsing could lose digits of a number. */
  id?: string;
} & ({ sentence: string } | { error: string });

/**
 * Number of bytes that are checked to distinguish text from other files. A NUL after them only spoils its
 * line, since many lines are judged by then.
 */
const PROBED = 1024;

/** Turns chunks of bytes into lines with sentences. Blank lines are skipped. */
export class SentenceLines {
  private found: SentenceLine[] = [];
  private readonly lines: LineReader;
  private readonly read: (text: string, line: number) => void;
  private columns?: SentenceColumns;

  constructor(type: StreamType) {
    this.read = type === ndjson ? this.readJson : this.readRow;
    this.lines = new LineReader(
      { add: ({ line, message }) => this.found.push({ line: line!, error: message }) },
      (text, line) => {
        if (text.trim() !== '') this.read(text, line);
      },
      PROBED,
    );
  }

  /**
   * @returns the lines that ended in this chunk.
   * @throws InvalidInputError if no line can ever hold a sentence
   */
  push(chunk: Buffer): SentenceLine[] {
    this.lines.push(chunk);
    return this.take();
  }

  /** @returns the last line, if it has no line end. */
  end(): SentenceLine[] {
    this.lines.end();
    return this.take();
  }

  private take(): SentenceLine[] {
    const found = this.found;
    this.found = [];
    return found;
  }

  private readJson(text: string, line: number): void {
    if (this.isReported(line)) return;
    let value: unknown;
    try {
      value = parseJson(text, 'The line');
    } catch (error) {
      this.found.push({ line, error: (error as DomainError).message });
      return;
    }
    if (typeof value === 'string') this.add(line, value);
    else if (typeof value === 'object' && value !== null && Object.hasOwn(value, 'sentence')) {
      const { id, sentence } = value as { id?: unknown; sentence: unknown };
      if (id === undefined) this.add(line, sentence);
      else if (typeof id === 'string' || typeof id === 'number') this.add(line, sentence, idSource(text));
      else this.found.push({ line, error: 'The id must be a string or a number.' });
    } else {
      const error = 'The line holds no sentence. Write "A sentence." or {"sentence": "A sentence."}.';
      this.found.push({ line, error });
    }
  }

  private readRow(text: string, line: number): void {
    const fields = text.split('\t');
    if (!this.columns) {
      this.columns = columnsOf(fields, line);
      if (this.columns.isHeader) return;
    }
    if (this.isReported(line)) return;
    const { count, sentence, id } = this.columns;
    if (fields.length === count) {
      return this.add(line, fields[sentence], id === undefined ? undefined : JSON.stringify(fields[id]));
    }
    const advice = fields.length < count ? 'An empty column needs its tab too.' : 'Remove tabs from texts.';
    this.found.push({ line, error: `The line has ${fields.length} column(s), not ${count}. ${advice}` });
  }

  private add(line: number, sentence: unknown, id?: string): void {
    const problem = problemOfSentence(sentence);
    const what = problem === null ? { sentence: sentence as string } : { error: `The sentence ${problem}.` };
    this.found.push(id === undefined ? { line, ...what } : { line, id, ...what });
  }

  /**
   * A first line that is not UTF-8 comes twice: as a problem, and as readable text in case it is a header.
   */
  private isReported(line: number): boolean {
    return this.found.at(-1)?.line === line;
  }
}

function columnsOf(fields: string[], line: number): SentenceColumns {
  const columns = sentenceColumns(fields);
  if (typeof columns !== 'string') return columns;
  throw new InvalidInputError(columns, [{ line, message: columns }]);
}
