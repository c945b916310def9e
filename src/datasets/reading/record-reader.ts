import type { InputProblem } from '../../common/errors.js';

/**
 * Splits a file into records of fields while it arrives. A blank line is a record with one empty field. Text
 * that is not a record is added to the problems with its line.
 */
export interface RecordReader {
  push(chunk: Buffer): void;
  /** Reads the text after the last line end. */
  end(): void;
}

/** @param line on which the record begins, from 1 */
export type OnRecord = (fields: readonly string[], line: number) => void;

export interface Problems {
  add(problem: InputProblem): void;
}

/** Removes the column from problems: `LineReader` counts columns by tabs, which only fits TSV. */
export function withoutColumns(problems: Problems): Problems {
  return { add: ({ column: _column, ...problem }) => problems.add(problem) };
}
