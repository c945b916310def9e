import type { InputProblem } from '../../common/errors.js';

/**
 * Cuts a file, as it arrives, into records of fields. A blank line is a record of one empty field. What can't be read as a record
 * goes to the problems, with its line.
 */
export interface RecordReader {
  push(chunk: Buffer): void;
  /** Reads what follows the last line end. */
  end(): void;
}

/** @param line of the file, from 1, on which the record begins */
export type OnRecord = (fields: readonly string[], line: number) => void;

export interface Problems {
  add(problem: InputProblem): void;
}

/** Takes problems of lines without their column, which a `LineReader` counts by tabs. */
export function withoutColumns(problems: Problems): Problems {
  return { add: ({ column: _column, ...problem }) => problems.add(problem) };
}
