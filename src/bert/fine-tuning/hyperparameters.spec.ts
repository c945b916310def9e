import { describe, expect, it } from 'vitest';
import { contradictions, defaultHyperparameters } from './hyperparameters.js';

describe('contradictions', () => {
  const found = (changes: Partial<typeof defaultHyperparameters>, layers: number | null = 12) =>
    contradictions({ ...defaultHyperparameters, ...changes }, layers).map(({ name }) => name);

  it('are none by default', () => {
    expect(found({})).toEqual([]);
  });

  it.each<[Partial<typeof defaultHyperparameters>, string[]]>([
    [{ weightAveraging: 1 }, ['weightAveraging']],
    [{ weightAveraging: 4 }, ['weightAveraging']],
    [{ weightAveraging: 3 }, []],
    [{ rDrop: 1, dropout: 0 }, ['rDrop']],
    [{ rDrop: 0, dropout: 0 }, []],
    [{ reinitializedLayers: 13 }, ['reinitializedLayers']],
    [{ reinitializedLayers: 12 }, []],
    [{ reinitializedLayers: 13, weightAveraging: 9 }, ['weightAveraging', 'reinitializedLayers']],
  ])('of %o: %o', (changes, names) => {
    expect(found(changes)).toEqual(names);
  });

  it('leave the layers of an unknown model alone', () => {
    expect(found({ reinitializedLayers: 13 }, null)).toEqual([]);
  });
});
