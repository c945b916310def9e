import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hyperparameters } from '../bert/fine-tuning/hyperparameters.js';
import { articlesGrid, combinationsOf, readSpace, type AskedSpace, type Combination } from './space.js';

const read = (space: AskedSpace, mayRange = true) => readSpace(space, { mayRange });
const problems = (space: AskedSpace, mayRange?: boolean) =>
  read(space, mayRange).problems.map(({ path, message }) => `${path!.join('.')}: ${message}`);
const drawn = (space: AskedSpace, most: number, seed = 1) =>
  combinationsOf(read(space).space, { most, seed }).combinations;

describe('a search space', () => {
  it("is without more the article's grid, each combination once", () => {
    const { combinations } = combinationsOf(articlesGrid, { most: 100, seed: 42 });
    expect(new Set(combinations.map((one) => JSON.stringify(one))).size).toBe(18);
    for (const epochs of [2, 3, 4]) {
      for (const batchSize of [16, 32]) {
        for (const learningRate of [5e-5, 3e-5, 2e-5]) {
          expect(combinations).toContainEqual({ epochs, batchSize, learningRate });
        }
      }
    }
  });

  it('takes a value, a list or a range of any hyperparameter', () => {
    const space = {
      epochs: 3,
      schedule: ['linear', 'cosine'],
      learningRate: { min: 1e-5, max: 1e-4, scale: 'log' },
      maxLength: ['auto', 64],
      classWeights: [2, 1],
      earlyStoppingPatience: [null, 2],
    };
    expect(read(space)).toEqual({
      space: { ...space, epochs: [3], classWeights: [[2, 1]] },
      problems: [],
    });
  });

  it('says what is wrong, and where', () => {
    expect(problems({ epochs: [2, 0] })).toEqual([
      'space.epochs.1: epochs must be a whole number from 1 to 20',
    ]);
    expect(problems({ epochs: 2.5 })).toEqual(['space.epochs: epochs must be a whole number from 1 to 20']);
    expect(problems({ epochs: [] })[0]).toMatch(/^space.epochs: .*a list of 1 to 100 values/);
    expect(problems({ batchSize: [16, 32, 16] })).toEqual([
      'space.batchSize: batchSize has 16 twice: give it once',
    ]);
    expect(problems({ schedule: { min: 1, max: 2 } })[0]).toMatch(
      /^space.schedule: schedule is not a number/,
    );
    expect(problems({ batchSize: { min: 8, max: 1000 } })[0]).toMatch(
      /bounds of batchSize must each be a whole/,
    );
    expect(problems({ batchSize: { min: 8, max: 8 } })[0]).toMatch(/needs a max above its min/);
    expect(problems({ dropout: { min: 0, max: 0.2, scale: 'log' } })[0]).toMatch(
      /a log scale needs a min above 0/,
    );
    expect(problems({ dropout: { min: 0, max: 0.2 } }, false)[0]).toMatch(
      /a grid needs lists.*method random/,
    );
  });

  it('draws the same combinations by the same seed, others by another, and none twice', () => {
    const space = { learningRate: { min: 1e-5, max: 1e-4, scale: 'log' }, batchSize: [16, 32] };
    const first = drawn(space, 30);
    expect(drawn(space, 30)).toEqual(first);
    expect(drawn(space, 30, 2)).not.toEqual(first);
    expect(new Set(first.map((one) => JSON.stringify(one))).size).toBe(30);
    // More of the same begin with the same.
    expect(drawn(space, 40).slice(0, 30)).toEqual(first);
    expect(
      drawn({ epochs: { min: 2, max: 4 } }, 10)
        .map(({ epochs }) => epochs)
        .sort(),
    ).toEqual([2, 3, 4]);
  });

  it('draws values that the table allows, within their bounds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        fc.constantFrom('linear', 'log'),
        fc
          .tuple(fc.integer({ min: 1, max: 256 }), fc.integer({ min: 1, max: 256 }))
          .filter(([a, b]) => a !== b),
        (seed, scale, bounds) => {
          const [min, max] = [Math.min(...bounds), Math.max(...bounds)];
          const space = {
            batchSize: { min, max, scale },
            learningRate: { min: 1e-5, max: 3.3333e-4, scale },
          };
          for (const { batchSize, learningRate } of drawn(space, 20, seed)) {
            expect(hyperparameters.batchSize.isValid(batchSize)).toBe(true);
            expect(hyperparameters.learningRate.isValid(learningRate)).toBe(true);
            expect(batchSize).toBeGreaterThanOrEqual(min);
            expect(batchSize).toBeLessThanOrEqual(max);
            expect(learningRate).toBeGreaterThanOrEqual(1e-5);
            expect(learningRate).toBeLessThanOrEqual(3.3333e-4);
          }
        },
      ),
    );
  });

  it('draws evenly over each order of magnitude on a log scale', () => {
    const rates = drawn({ learningRate: { min: 1e-6, max: 1e-2, scale: 'log' } }, 1000).map(
      ({ learningRate }) => learningRate!,
    );
    for (const decade of [1e-6, 1e-5, 1e-4, 1e-3]) {
      const within = rates.filter((rate) => rate >= decade && rate < 10 * decade).length;
      // Five standard deviations of a binomial distribution around a quarter.
      expect(Math.abs(within - rates.length / 4)).toBeLessThan(5 * Math.sqrt(rates.length * 0.25 * 0.75));
    }
  });

  it('leaves out what contradicts itself, and tells of it', () => {
    const { space } = read({ weightAveraging: [0, 3], epochs: [2, 3] });
    const { combinations, contradiction } = combinationsOf(space, { most: 10, seed: 1 });
    expect(combinations).toHaveLength(3);
    expect(combinations).not.toContainEqual({ weightAveraging: 3, epochs: 2 } satisfies Combination);
    expect(contradiction).toMatch(
      /^epochs 2, weightAveraging 3: weightAveraging 3 is more than the 2 epochs/,
    );
  });
});
