import { isUtf8 } from 'node:buffer';
import { InvalidInputError, type InputProblem } from './errors.js';
import { firstInvalidByte } from './utf8.js';

const LF = 0x0a;
const TAB = 0x09;

/**
 * The maximum length of a line in bytes. Sentences are far shorter. Without a limit, a file without line ends
 * would fill the memory.
 */
export const MAX_LINE_BYTES = 65_536;

/**
 * Splits chunks of bytes into lines of strict UTF-8, with or without a BOM, ended by LF or CRLF. An invalid
 * or too long line is added to the problems with its number. If the first line is not UTF-8, it is also
 * passed on, because it may be the header.
 */
export class LineReader {
  /** Number of lines that have begun so far. */
  line = 0;
  private rest: Buffer = Buffer.alloc(0);
  private head: Buffer = Buffer.alloc(0);
  /** Whether the current line is too long. It has been reported and is skipped to its end. */
  private skipping = false;

  /**
   * @param probed number of bytes from the start in which a NUL means that the file is not text. After them a
   * NUL is an ordinary character.
   */
  constructor(
    private readonly problems: { add(problem: InputProblem): void },
    private readonly onLine: (text: string, line: number) => void,
    private probed = Infinity,
  ) {}

  /** @throws InvalidInputError if the bytes are not text */
  push(chunk: Buffer): void {
    if (this.head.length < 4) this.head = Buffer.concat([this.head, chunk.subarray(0, 4)]);
    if (chunk.subarray(0, this.probed).includes(0)) throw notText(this.head);
    this.probed = Math.max(0, this.probed - chunk.length);

    const block = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    const end = block.lastIndexOf(LF) + 1;
    if (end > 0) this.readBlock(block.subarray(0, end));
    this.rest = block.subarray(end);
    if (this.rest.length > MAX_LINE_BYTES) {
      if (!this.skipping) this.reportLength(this.line + 1);
      this.skipping = true;
      this.rest = Buffer.alloc(0);
    }
  }

  /** Reads the text after the last line end. */
  end(): void {
    if (this.rest.length > 0 || this.skipping) this.readBlock(Buffer.concat([this.rest, Buffer.of(LF)]));
    this.rest = Buffer.alloc(0);
  }

  /** @param block whole lines, each with its LF */
  private readBlock(block: Buffer): void {
    if (isUtf8(block)) {
      const text = block.toString('utf8');
      for (let start = 0; start < text.length;) {
        const end = text.indexOf('\n', start);
        this.readLine(text.slice(start, end));
        start = end + 1;
      }
      return;
    }
    for (let start = 0; start < block.length;) {
      const end = block.indexOf(LF, start);
      const bytes = block.subarray(start, end);
      if (isUtf8(bytes) || this.skipping) this.readLine(bytes.toString('utf8'));
      else this.reportEncoding(bytes, ++this.line);
      start = end + 1;
    }
  }

  private readLine(text: string): void {
    this.line++;
    if (this.skipping) {
      this.skipping = false;
      return;
    }
    // A UTF-16 unit takes at most three bytes of UTF-8.
    if (text.length * 3 > MAX_LINE_BYTES && Buffer.byteLength(text) > MAX_LINE_BYTES) {
      this.reportLength(this.line);
      return;
    }
    const start = this.line === 1 && text.startsWith('\uFEFF') ? 1 : 0;
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    this.onLine(text.slice(start, end), this.line);
  }

  private reportLength(line: number): void {
    this.problems.add({
      line,
      message: `The line is longer than ${MAX_LINE_BYTES} bytes. A row is one sentence: check the line ends of the file.`,
    });
  }

  private reportEncoding(bytes: Buffer, line: number): void {
    if (line === 1 && signatureOf(this.head)) throw notText(this.head);
    const at = firstInvalidByte(bytes);
    this.problems.add({
      line,
      column: bytes.subarray(0, at).filter((byte) => byte === TAB).length + 1,
      message:
        `Byte ${at + 1} of the line (0x${bytes[at]!.toString(16)}) is no UTF-8. Save the file as UTF-8, ` +
        'for example with iconv -f windows-1252 -t utf-8.',
    });
    // The first line decides the format, so read it even with a wrong character.
    if (line === 1) this.onLine(bytes.toString('utf8'), line);
  }
}

function notText(head: Buffer): InvalidInputError {
  const message = `The file ${signatureOf(head) ?? 'is binary, not text'}. Send text in UTF-8.`;
  return new InvalidInputError(message, [{ line: 1, message }]);
}

function signatureOf(head: Buffer): string | undefined {
  const hex = head.toString('hex');
  if (hex.startsWith('504b0304')) return 'is a ZIP archive or an Excel workbook';
  if (hex.startsWith('1f8b')) return 'is compressed with gzip';
  if (hex.startsWith('fffe') || hex.startsWith('feff')) return 'is UTF-16';
  if (hex.startsWith('25504446')) return 'is a PDF';
  if (hex.startsWith('50415231')) return 'is Parquet';
  return undefined;
}
