import { MOST_PROBLEMS, type InputProblem } from './errors.js';

/** What is wrong with a file or a body: the first so many problems, and the number of all. */
export class ProblemList {
  readonly first: InputProblem[] = [];
  count = 0;

  constructor(private readonly capacity = MOST_PROBLEMS) {}

  /** @param problem or what makes it, where that is costly and nobody may want it */
  add(problem: InputProblem | (() => InputProblem)): void {
    this.count++;
    if (this.first.length >= this.capacity) return;
    this.first.push(typeof problem === 'function' ? problem() : problem);
  }

  /** The same of many lines in a row; takes no longer for a billion of them than for a hundred. */
  addLines(line: number, count: number, message: string): void {
    const shown = Math.min(count, this.capacity - this.first.length);
    for (let i = 0; i < shown; i++) this.first.push({ line: line + i, message });
    this.count += count;
  }
}
