import { MOST_PROBLEMS, type InputProblem } from './errors.js';

/** Collects problems of a file or a body: the first {@link MOST_PROBLEMS} of them, and the number of all. */
export class ProblemList {
  readonly first: InputProblem[] = [];
  count = 0;

  constructor(private readonly capacity = MOST_PROBLEMS) {}

  /** @param problem or a function that makes it. The function is called only if the problem is kept. */
  add(problem: InputProblem | (() => InputProblem)): void {
    this.count++;
    if (this.first.length >= this.capacity) return;
    this.first.push(typeof problem === 'function' ? problem() : problem);
  }

  /** Adds the same problem for consecutive lines. A billion lines take no longer than a hundred. */
  addLines(line: number, count: number, message: string): void {
    const shown = Math.min(count, this.capacity - this.first.length);
    for (let i = 0; i < shown; i++) this.first.push({ line: line + i, message });
    this.count += count;
  }
}
