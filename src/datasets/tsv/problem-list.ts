import type { InputProblem } from '../../common/errors.js';

/** What is wrong with a file: the first so many problems, and the number of all. */
export class ProblemList {
  readonly first: InputProblem[] = [];
  count = 0;

  constructor(private readonly capacity = 100) {}

  add(problem: InputProblem): void {
    this.count++;
    if (this.first.length < this.capacity) this.first.push(problem);
  }
}
