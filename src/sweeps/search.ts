import { hyperparametersIn } from '../bert/fine-tuning/hyperparameters.js';
import { InvalidInputError, type InputProblem } from '../common/errors.js';
import type { TrainingRequest } from '../training/training-request.js';
import { articlesGrid, combinationsOf, readSpace, sizeOf, type AskedSpace } from './space.js';
import type { Budget, Search, SearchMethod, SweepOrder, Trial } from './sweep.js';

/** The most runs of a sweep. */
export const MOST_TRIALS = 500;

/** What somebody asks of the search. */
export interface AskedSearch extends Omit<Search, 'space'> {
  method: SearchMethod;
  /** Without it, the article's grid. */
  space?: AskedSpace;
}

/**
 * Settles what is to be tried.
 * @throws InvalidInputError
 */
export function planSearch(asked: AskedSearch, budget: Budget): { search: Search; trials: Trial[] } {
  const { method, seeds, searchSeed } = asked;
  const { space, problems } = asked.space
    ? readSpace(asked.space, { mayRange: method !== 'grid' })
    : { space: articlesGrid, problems: [] };
  if (method === 'random' && budget.runs === null && budget.minutes === null) {
    problems.push({
      path: ['budget'],
      message: 'random needs to know when to end: give budget.runs or budget.minutes',
    });
  }
  refuse(problems);
  const size = sizeOf(space) * seeds.length;
  if (method === 'grid' && budget.runs === null && size > MOST_TRIALS) {
    const message = `this grid has ${size} runs, and ${MOST_TRIALS} is the most: give fewer values or seeds, or budget.runs`;
    refuse([{ path: ['space'], message }]);
  }
  const runs = Math.min(budget.runs ?? MOST_TRIALS, MOST_TRIALS);
  const most = Math.ceil(runs / seeds.length);
  const { combinations, contradiction } = combinationsOf(space, { most, seed: searchSeed });
  if (contradiction !== null && (method === 'grid' || combinations.length === 0)) {
    refuse([
      { path: ['space'], message: `the space has combinations that contradict themselves. ${contradiction}` },
    ]);
  }
  const trials = combinations.flatMap((values, combination) =>
    seeds.map((seed): Trial => ({ combination, values, seed })),
  );
  return { search: { method, space, seeds, searchSeed }, trials: trials.slice(0, runs) };
}

/** What the run of a trial is asked. It does not promote: the sweep does that, once it knows its best. */
export function requestOf(order: SweepOrder, { values, seed }: Trial): TrainingRequest {
  const { name, datasetId, validationDatasetId, validationFraction, baseModel } = order;
  return {
    ...hyperparametersIn({ ...values, seed }),
    datasetId,
    ...(validationDatasetId !== null && { validationDatasetId }),
    ...(validationFraction !== null && { validationFraction }),
    ...(name !== null && { name }),
    baseModel,
    promote: 'never',
  };
}

export function refuse(problems: readonly InputProblem[]): void {
  if (problems.length === 0) return;
  const messages = problems.slice(0, 3).map(({ message }) => message);
  throw new InvalidInputError(`The sweep cannot be started: ${messages.join('; ')}`, problems);
}
