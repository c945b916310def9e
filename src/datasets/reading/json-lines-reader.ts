import { LineReader } from '../../common/line-reader.js';
import { shortened } from '../../common/text.js';
import { columnName, columnNames, optionalColumnNames } from '../../common/columns.js';
import { withoutColumns, type OnRecord, type Problems, type RecordReader } from './record-reader.js';

/** The fields that are read, in the order in which they form a record. */
const FIELDS = ['sentence', 'label', 'source', 'mark'] as const;

/**
 * Reads JSON lines: an object with `sentence` and `label` on each line. The row parser sees a table with a
 * header row.
 */
export class JsonLinesReader implements RecordReader {
  private readonly lines: LineReader;
  private isBegun = false;

  constructor(
    private readonly problems: Problems,
    private readonly onRecord: OnRecord,
  ) {
    this.lines = new LineReader(withoutColumns(problems), (text, line) => this.readLine(text, line));
  }

  push(chunk: Buffer): void {
    this.lines.push(chunk);
  }

  end(): void {
    this.lines.end();
  }

  private readLine(text: string, line: number): void {
    if (text.trim() === '') return this.onRecord([''], line);
    const value = parsed(text);
    if (typeof value === 'string') return this.problems.add({ line, message: value });
    if (!this.isBegun) this.onRecord(FIELDS, line);
    this.isBegun = true;
    const fields = fieldsOf(value);
    if (Array.isArray(fields)) this.onRecord(fields, line);
    else this.problems.add({ line, ...fields });
  }
}

/** @returns the object, or what is wrong */
function parsed(text: string): object | string {
  if (text.startsWith('\uFEFF')) {
    return 'The line begins with a byte-order mark (U+FEFF), as where files were joined. Delete it.';
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `The line is no valid JSON (${shortened((error as Error).message, 200)}). ${example}`;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  return `The line is ${Array.isArray(value) ? 'a list' : 'no object'}. ${example}`;
}

const example = 'Write an object on each line: {"sentence": "We go.", "label": 1}.';

/** @returns the fields, or what is wrong with one of them */
function fieldsOf(object: object): string[] | { field: string; message: string } {
  const entries = Object.entries(object).map(([key, value]) => [columnName(key), value as unknown] as const);
  const fields: string[] = [];
  for (const field of FIELDS) {
    const names = columnNames[field];
    const values = entries.filter(([key]) => names.includes(key)).map(([, value]) => value);
    const text = textOf(field, values);
    if (typeof text !== 'string') return { field, ...text };
    fields.push(text);
  }
  return fields;
}

/** @returns the text that a table would have in this field, or what is wrong */
function textOf(field: (typeof FIELDS)[number], [value, ...others]: unknown[]): string | { message: string } {
  const isOptional = optionalColumnNames.includes(field);
  // Like in a table: if an optional column occurs twice, the first one counts.
  if (others.length > 0 && !isOptional)
    return { message: `The object has the field ${field} twice. Leave one of them.` };
  if (isOptional && (value === undefined || value === null)) return '';
  if (typeof value === 'string') {
    if (!/\p{Cs}/u.test(value)) return value;
    return {
      message: `The ${field} holds half of a surrogate pair (such as \\ud83d), which is not a character. Write the whole character.`,
    };
  }
  // Larger numbers lose digits when JSON is parsed.
  if (field !== 'sentence' && Number.isSafeInteger(value)) return String(value);
  const what = value === undefined ? `The object has no ${field}.` : `The ${field} is ${kindOf(value)}.`;
  const advice = field === 'label' ? 'Write 1 (acceptable) or 0 (unacceptable).' : 'Write it as a text.';
  return { message: `${what} ${advice}` };
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
