import type { InputProblem } from './errors.js';

/** What is wrong with a file: the first so many problems, and the number of all. */
export class ProblemList {
  readonly first: InputProblem[] = [];
  count = 0;

  constructor(private readonly capacity = 100) {}

  add(problem: InputProblem): void {
    this.count++;
    if (this.first.length < this.capacity) this.first.push(problem);
  }

  /** The same of many lines in a row; takes no longer for a billion of them than for a hundred. */
  addLines(line: number, count: number, message: string): void {
    const shown = Math.min(count, this.capacity - this.first.length);
    for (let i = 0; i < shown; i++) this.first.push({ line: line + i, message });
    this.count += count;
  }
}
