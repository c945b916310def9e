import { CsvError, parse } from 'csv-parse/sync';
import { LineReader } from '../../common/line-reader.js';
import { detectColumns, isLabel } from '../../common/columns.js';
import { withoutColumns, type OnRecord, type Problems, type RecordReader } from './record-reader.js';

/** Accepted column separators. */
const DELIMITERS = [',', ';', '\t'];

/**
 * The maximum length of a record including its line breaks. Without a limit, a quote mark that is never
 * closed would fill the memory.
 */
const MAX_RECORD_LENGTH = 65_536;

/** The text of a record, and the line on which it begins. */
interface RawRecord {
  text: string;
  line: number;
}

/**
 * Reads CSV as in RFC 4180: quoted fields may hold delimiters, line breaks and doubled quote marks. csv-parse
 * splits the records into fields. This class splits the file into lines and records, for two reasons.
 * csv-parse decodes leniently: invalid UTF-8 would become U+FFFD and go into the training. And this way the
 * input of csv-parse is bounded, and each problem has a line number. A record ends with the line that makes
 * its number of quote marks even.
 */
export class CsvReader implements RecordReader {
  private readonly lines: LineReader;
  private delimiter?: string;
  private whole: RawRecord[] = [];
  /** The record whose last line has not arrived yet. */
  private open?: RawRecord;
  /**
   * Whether something was not CSV. After that the start of a record is unknown, so only the encoding of the
   * lines is checked.
   */
  private isBroken = false;

  constructor(
    private readonly problems: Problems,
    private readonly onRecord: OnRecord,
  ) {
    const ofLines = withoutColumns(problems);
    const add: Problems['add'] = (problem) => {
      this.takeApart();
      this.isBroken = true;
      ofLines.add(problem);
    };
    this.lines = new LineReader({ add }, (text, line) => this.readLine(text, line));
  }

  push(chunk: Buffer): void {
    this.lines.push(chunk);
    this.takeApart();
  }

  end(): void {
    this.lines.end();
    this.takeApart();
    if (this.open) this.reportOpen(this.open);
  }

  private readLine(text: string, line: number): void {
    if (this.isBroken) return;
    const record = this.open ?? { text: '', line };
    record.text += `${text}\n`;
    const isOpen = hasOddQuotes(text) !== (this.open !== undefined);
    this.open = isOpen ? record : undefined;
    if (!isOpen) this.whole.push(record);
    else if (record.text.length > MAX_RECORD_LENGTH) {
      this.takeApart();
      this.reportOpen(record);
    }
  }

  private takeApart(): void {
    const { whole } = this;
    this.whole = [];
    if (whole.length === 0 || this.isBroken) return;
    this.delimiter ??= delimiterOf(whole[0]!.text);
    try {
      // Parse all records in one call. One call for each takes ten times as long.
      const records = recordsOf(whole.map(({ text }) => text).join(''), this.delimiter);
      if (records.length !== whole.length) {
        throw new Error(`This is a bug: csv-parse found ${records.length} records in ${whole.length}`);
      }
      records.forEach((fields, i) => this.onRecord(fields, whole[i]!.line));
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      this.takeApartSingly(whole, this.delimiter);
    }
  }

  /** Passes on the records before the first invalid one and reports that one. */
  private takeApartSingly(records: readonly RawRecord[], delimiter: string): void {
    for (const { text, line } of records) {
      try {
        this.onRecord(recordsOf(text, delimiter)[0]!, line);
      } catch (error) {
        if (!(error instanceof CsvError)) throw error;
        const message =
          'A quote mark is where CSV does not allow one. Put a field that contains a quote mark in quote marks, and double each ' +
          'one inside it: "She said ""no"".". The rows after this one were not read.';
        this.report(line, message);
        return;
      }
    }
  }

  private reportOpen({ line, text }: RawRecord): void {
    const where = text.length > MAX_RECORD_LENGTH ? ` within ${MAX_RECORD_LENGTH} characters` : '';
    this.report(
      line,
      `A quote mark in this row is not closed${where}. Close it. Double a quote mark that is part of the text ("").`,
    );
  }

  private report(line: number, message: string): void {
    if (!this.isBroken) this.problems.add({ line, message });
    this.isBroken = true;
    this.open = undefined;
  }
}

function hasOddQuotes(text: string): boolean {
  let odd = false;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) odd = !odd;
  return odd;
}

function recordsOf(text: string, delimiter: string): string[][] {
  return parse(text, { delimiter, record_delimiter: '\n', relax_column_count: true });
}

/** Chooses the delimiter that makes the first record a header or a valid row, else one that splits it at all. */
function delimiterOf(record: string): string {
  const fieldsOf = new Map(DELIMITERS.map((delimiter) => [delimiter, fieldsBy(delimiter, record)]));
  const fits = (test: (fields: string[]) => boolean) =>
    DELIMITERS.find((delimiter) => test(fieldsOf.get(delimiter)!));
  return fits(isRow) ?? fits((fields) => fields.length > 1) ?? DELIMITERS[0]!;
}

function isRow(fields: string[]): boolean {
  const columns = detectColumns(fields);
  return typeof columns !== 'string' && (columns.format === 'header' || isLabel(fields[columns.label]!));
}

function fieldsBy(delimiter: string, record: string): string[] {
  try {
    return recordsOf(record, delimiter)[0] ?? [];
  } catch {
    return [];
  }
}
