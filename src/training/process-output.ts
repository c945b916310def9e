import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

const MOST_LINES = 200;
const LONGEST_LINE = 1000;
const REMEMBERED_LINES = 10;

/** On which of its two outputs a process printed a line. */
export type OutputSource = 'stdout' | 'stderr';

/**
 * What a process prints, line by line and none too long. The log gets so many at most, whatever a native library prints in a loop.
 * It reads on, since a process stands still whose output nobody takes.
 */
export class ProcessOutput {
  private readonly last: string[] = [];
  private lines = 0;

  /**
   * @param log told the first lines
   * @param print told all lines
   */
  constructor(
    private readonly log: (line: string) => void,
    private readonly print: (line: string, source: OutputSource) => void = () => undefined,
  ) {}

  /** What it printed last, and what seems to tell most of it: for the case that it was the reason of its end. */
  get lastWords(): string {
    const telling = this.last.find((line) => /fatal|abort|terminat|error|check failed|what\(\)/i.test(line));
    return telling ?? this.last.at(-1) ?? '';
  }

  follow(stream: Readable, source: OutputSource): void {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      const [first, ...others] = chunk.split(/[\r\n]+/);
      rest = (rest + first).slice(0, LONGEST_LINE);
      for (const next of others) {
        this.receive(rest, source);
        rest = next.slice(0, LONGEST_LINE);
      }
    });
    stream.on('end', () => this.receive(rest, source));
    // A pipe that breaks has ended.
    stream.on('error', () => undefined);
  }

  private receive(text: string, source: OutputSource): void {
    const line = stripVTControlCharacters(text).trimEnd();
    if (line === '') return;
    if (this.last.push(line) > REMEMBERED_LINES) this.last.shift();
    this.print(line, source);
    this.lines++;
    if (this.lines <= MOST_LINES) this.log(line);
    if (this.lines === MOST_LINES) this.log(`(It printed ${MOST_LINES} lines: what follows is left out.)`);
  }
}
