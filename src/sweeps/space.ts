import {
  contradictions,
  hyperparameters,
  hyperparametersIn,
  type AskedHyperparameters,
  type Hyperparameter,
  type Hyperparameters,
} from '../bert/fine-tuning/hyperparameters.js';
import { shuffle, statelessPhilox, type Philox } from '../bert/random.js';
import type { InputPath, InputProblem } from '../common/errors.js';

export const scales = ['linear', 'log'] as const;
export type Scale = (typeof scales)[number];

/** Numbers between two bounds, both included. `log`: each factor of ten is as likely as the next one. */
export interface Range {
  min: number;
  max: number;
  scale: Scale;
}

/** The seeds of a sweep are asked for apart: they are no choice to make, but repeat it. */
export type SpaceName = Exclude<keyof AskedHyperparameters, 'seed'>;

/** What each hyperparameter may be. Those that it does not name have their defaults. */
export type Space = Partial<Record<SpaceName, readonly unknown[] | Range>>;

/** The same as somebody wrote it: a value alone, too. */
export type AskedSpace = Partial<Record<SpaceName, unknown>>;

/** One value for each hyperparameter of a space. */
export type Combination = Partial<AskedHyperparameters>;

/** What Devlin et al. (2019) searched, which the article took over. */
export const articlesGrid: Space = {
  epochs: [2, 3, 4],
  batchSize: [16, 32],
  learningRate: [5e-5, 3e-5, 2e-5],
};

export const spaceNames = Object.keys(hyperparameters).filter((name) => name !== 'seed') as SpaceName[];

export const MOST_VALUES = 100;

/** A product that is larger is not written down as a whole: combinations are drawn from it. */
const MOST_LISTED = 10_000;
/** Drawn numbers are rounded, so that people can read and repeat them. */
const DIGITS = 3;
/** Draws in a row that may bring nothing new. */
const MOST_VAIN_DRAWS = 1000;
/** Separate from the random streams of trainings with the same seed. */
const STREAM = -6;

const table = hyperparameters as Readonly<Record<SpaceName, Hyperparameter>>;

/**
 * Reads a space.
 * @param mayRange whether ranges are allowed
 * @returns what is wrong with it, each with its place in the request
 */
export function readSpace(
  asked: AskedSpace,
  { mayRange }: { mayRange: boolean },
): { space: Space; problems: InputProblem[] } {
  const space: Space = {};
  const problems: InputProblem[] = [];
  for (const name of spaceNames) {
    const given = asked[name];
    if (given === undefined) continue;
    const path = ['space', name];
    if (isRange(given)) {
      const range: Range = { min: given.min, max: given.max, scale: given.scale ?? 'linear' };
      problems.push(...rangeProblems(name, range, mayRange, path));
      space[name] = range;
    } else {
      // A pair of class weights is one value.
      const isList = Array.isArray(given) && !table[name].isValid(given);
      const values: unknown[] = isList ? given : [given];
      problems.push(...listProblems(name, values, isList ? path : null));
      space[name] = values;
    }
  }
  return { space, problems };
}

/** How many combinations a space has: infinite where it has a range. */
export function sizeOf(space: Space): number {
  return Object.values(space).reduce<number>(
    (size, dimension) => size * (isRange(dimension) ? Infinity : dimension.length),
    1,
  );
}

export function hasRange(space: Space): boolean {
  return Object.values(space).some(isRange);
}

/**
 * Different combinations of a space in random order, all of them or so many. The same seed gives the same ones. A grid in random order
 * may end early and has still looked at every side of its space.
 * @returns without those that contradict themselves; the first of these, where there is one, and why
 */
export function combinationsOf(
  space: Space,
  { most, seed }: { most: number; seed: number },
): { combinations: Combination[]; contradiction: string | null } {
  const random = statelessPhilox(seed, STREAM);
  let contradiction: string | null = null;
  const isSound = (combination: Combination) => {
    const found = contradictionOf(combination);
    if (found !== null) contradiction ??= `${namesIn(combination)}: ${found}`;
    return found === null;
  };
  const combinations =
    sizeOf(space) <= MOST_LISTED
      ? shuffle(productOf(space), random).filter(isSound).slice(0, most)
      : drawn(space, most, random, isSound);
  return { combinations, contradiction };
}

/** `learningRate 3e-5, epochs 3`, for people to read. */
export function namesIn(combination: Combination): string {
  return Object.entries(combination)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

export function isRange(dimension: unknown): dimension is Range {
  return typeof dimension === 'object' && dimension !== null && 'min' in dimension && 'max' in dimension;
}

function listProblems(name: SpaceName, values: readonly unknown[], path: InputPath | null): InputProblem[] {
  const place = path ?? ['space', name];
  if (values.length === 0 || values.length > MOST_VALUES) {
    return [
      { path: place, message: `${name} must be a value, a list of 1 to ${MOST_VALUES} values, or a range` },
    ];
  }
  const { isValid, values: allowed } = table[name];
  const problems: InputProblem[] = values.flatMap((value, index) =>
    isValid(value) ? [] : [{ path: path ? [...path, index] : place, message: `${name} must be ${allowed}` }],
  );
  const texts = values.map((value) => JSON.stringify(value));
  const twice = texts.find((text, index) => texts.indexOf(text) !== index);
  if (twice !== undefined)
    problems.push({ path: place, message: `${name} has ${twice} twice: give it once` });
  return problems;
}

function rangeProblems(name: SpaceName, range: Range, mayRange: boolean, path: InputPath): InputProblem[] {
  const { isValid, values: allowed } = table[name];
  const { min, max, scale } = range;
  const problem = (message: string): InputProblem[] => [{ path, message }];
  if (!isNumeric(name))
    return problem(`${name} is not a number alone: give a list of values in place of a range`);
  if (!mayRange) {
    return problem(`a grid needs lists: give the values of ${name}, or take the method random`);
  }
  if (!isValid(min) || !isValid(max)) return problem(`the bounds of ${name} must each be ${allowed}`);
  if (min >= max) return problem(`the range of ${name} needs a max above its min`);
  if (scale === 'log' && min <= 0)
    return problem(`the range of ${name} begins at ${min}: a log scale needs a min above 0`);
  return [];
}

function typesOf(name: SpaceName): (string | undefined)[] {
  const { schema } = table[name];
  return [schema, ...(schema.oneOf ?? [])].map(({ type }) => type);
}

export function isNumeric(name: SpaceName): boolean {
  const types = typesOf(name);
  return !types.includes('array') && (types.includes('integer') || types.includes('number'));
}

function productOf(space: Space): Combination[] {
  return (Object.entries(space) as [SpaceName, readonly unknown[]][]).reduce<Combination[]>(
    (combinations, [name, values]) =>
      combinations.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value }))),
    [{}],
  );
}

function drawn(
  space: Space,
  most: number,
  random: Philox,
  isSound: (combination: Combination) => boolean,
): Combination[] {
  const found = new Map<string, Combination>();
  for (let vain = 0; found.size < most && vain < MOST_VAIN_DRAWS; vain++) {
    const combination = Object.fromEntries(
      Object.entries(space).map(([name, dimension]) => [name, draw(name as SpaceName, dimension, random)]),
    ) as Combination;
    const key = JSON.stringify(combination);
    if (found.has(key) || !isSound(combination)) continue;
    found.set(key, combination);
    vain = 0;
  }
  return [...found.values()];
}

function draw(name: SpaceName, dimension: readonly unknown[] | Range, random: Philox): unknown {
  if (!isRange(dimension)) return dimension[random.nextInteger(dimension.length)];
  const { min, max, scale } = dimension;
  const isInteger = typesOf(name).includes('integer');
  if (isInteger && scale === 'linear') return min + random.nextInteger(max - min + 1);
  const share = random.nextFloat();
  // Half a unit on each side, so that the bounds of whole numbers are as likely as the others.
  const [from, to] = isInteger ? [min - 0.5, max + 0.5] : [min, max];
  const value = scale === 'log' ? from * (to / from) ** share : from + share * (to - from);
  const rounded = isInteger ? Math.round(value) : Number(value.toPrecision(DIGITS));
  return Math.min(max, Math.max(min, rounded));
}

function contradictionOf(combination: Combination): string | null {
  const asked = hyperparametersIn(combination);
  // How many layers there are is known with the base model.
  const [first] = contradictions(asked as unknown as Hyperparameters, null);
  return first?.message ?? null;
}
