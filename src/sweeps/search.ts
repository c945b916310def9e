import { hyperparameters, hyperparametersIn } from '../bert/fine-tuning/hyperparameters.js';
import { InvalidInputError, type InputProblem } from '../common/errors.js';
import type { TrainingRequest } from '../training/training-request.js';
import { rungsOf, type Rungs } from './halving.js';
import {
  articlesGrid,
  combinationsOf,
  hasRange,
  readSpace,
  sizeOf,
  type AskedSpace,
  type Space,
} from './space.js';
import type { Budget, Search, SearchMethod, SweepOrder, Trial } from './sweep.js';

/** The most runs of a sweep. */
export const MOST_TRIALS = 500;

/** What somebody asks of the search. */
export interface AskedSearch extends Omit<Search, 'space' | 'rungs'> {
  method: SearchMethod;
  /** Of successive halving. */
  minEpochs?: number;
  reductionFactor?: number;
  /** Without it, the article's grid. */
  space?: AskedSpace;
}

/**
 * Settles what is to be tried.
 * @throws InvalidInputError
 */
export function planSearch(asked: AskedSearch, budget: Budget): { search: Search; trials: Trial[] } {
  const { method, seeds, searchSeed } = asked;
  const isHalving = method === 'successive-halving';
  const { space, problems } = asked.space
    ? readSpace(asked.space, { mayRange: method !== 'grid' })
    : { space: { ...articlesGrid }, problems: [] };
  // Its rungs choose among numbers of epochs: all trials would have the same.
  if (isHalving && !(asked.space && 'epochs' in asked.space)) space.epochs = [hyperparameters.epochs.default];
  const isEndless = method === 'random' || (isHalving && hasRange(space));
  if (isEndless && budget.runs === null && budget.minutes === null) {
    const what = isHalving ? 'a range' : 'random';
    problems.push({
      path: ['budget'],
      message: `${what} needs to know when to end: give budget.runs or budget.minutes`,
    });
  }
  problems.push(...halvingProblems(asked, space));
  refuse(problems);
  const rungs = isHalving ? readRungs(asked, space) : null;
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
  return { search: { method, space, seeds, searchSeed, rungs }, trials: trials.slice(0, runs) };
}

function halvingProblems(
  { method, seeds, minEpochs, reductionFactor }: AskedSearch,
  { epochs }: Space,
): InputProblem[] {
  if (method !== 'successive-halving') {
    return Object.entries({ minEpochs, reductionFactor }).flatMap(([name, value]) =>
      value === undefined ? [] : [{ path: [name], message: `${name} is for the method successive-halving` }],
    );
  }
  const problems: InputProblem[] = [];
  if (!Array.isArray(epochs) || epochs.length !== 1) {
    const message =
      'successive-halving needs one number of epochs: that of the trials that are trained to their end';
    problems.push({ path: ['space', 'epochs'], message });
  }
  if (seeds.length !== 1) {
    const message = 'successive-halving needs one seed. Sweep the best combinations again with more seeds';
    problems.push({ path: ['seeds'], message });
  }
  return problems;
}

/** @throws InvalidInputError */
function readRungs({ minEpochs = 1, reductionFactor }: AskedSearch, space: Space): Rungs {
  const [epochs] = space.epochs as readonly number[];
  const rungs = rungsOf({
    epochs: epochs!,
    minEpochs,
    // With few epochs, three would leave one rung or two.
    reductionFactor: reductionFactor ?? (epochs! < 9 ? 2 : 3),
  });
  if (rungs.epochs.length === 0) {
    const message = `there is no rung: trials have ${epochs} epochs, and the first rung would come after ${minEpochs}. Give more epochs, or a lower minEpochs`;
    refuse([{ path: ['minEpochs'], message }]);
  }
  return rungs;
}

/** Runs of a sweep wait until all others have had their turn. */
const PRIORITY = -1;

/** What the run of a trial is asked. It does not promote: the sweep does that, once it knows its best. */
export function requestOf(order: SweepOrder, { values, seed }: Trial): TrainingRequest {
  const { name, datasetId, validationDatasetId, validationFraction, baseModel, search } = order;
  return {
    ...hyperparametersIn({ ...values, seed }),
    datasetId,
    ...(validationDatasetId !== null && { validationDatasetId }),
    ...(validationFraction !== null && { validationFraction }),
    ...(name !== null && { name }),
    baseModel,
    promote: 'never',
    priority: PRIORITY,
    ...(search.rungs && { pauseAfterEpoch: search.rungs.epochs[0]! }),
  };
}

export function refuse(problems: readonly InputProblem[]): void {
  if (problems.length === 0) return;
  const messages = problems.slice(0, 3).map(({ message }) => message);
  throw new InvalidInputError(`The sweep cannot be started: ${messages.join('; ')}`, problems);
}
