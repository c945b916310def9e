import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModelFolder, type ModelFolder } from '../weights/model-folder.js';
import { initialParameters } from './initial-parameters.js';

describe('initialParameters', () => {
  let folder: ModelFolder;
  beforeAll(() => {
    folder = openModelFolder(fileURLToPath(new URL('../../../test/goldens/tiny-bert/', import.meta.url)));
  });
  afterAll(() => folder.weights.close());

  const parameters = (seed: number, reinitializedLayers?: number) =>
    new Map(
      [...initialParameters(folder.config, folder.weights, seed, reinitializedLayers)].map(
        ({ name, data }) => [name, data],
      ),
    );

  it('are the pre-trained ones, where there are', () => {
    for (const [name, data] of parameters(1)) expect(data, name).toEqual(folder.weights.read(name).data);
  });

  it('are new in the top layers and the head where those are to forget', () => {
    const { initializerRange } = folder.config;
    for (const [name, data] of parameters(1, 1)) {
      if (!/^(encoder\.layer\.1|head)\./.test(name)) {
        expect(data, name).toEqual(folder.weights.read(name).data);
      } else if (name.endsWith('.bias')) {
        expect(new Set(data), name).toEqual(new Set([0]));
      } else if (name.endsWith('LayerNorm.weight')) {
        expect(new Set(data), name).toEqual(new Set([1]));
      } else {
        const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
        const deviation = Math.sqrt(data.reduce((sum, value) => sum + value ** 2, 0) / data.length);
        // Five standard errors.
        expect(Math.abs(mean), name).toBeLessThan((5 * initializerRange) / Math.sqrt(data.length));
        expect(Math.abs(deviation / initializerRange - 1), name).toBeLessThan(5 / Math.sqrt(2 * data.length));
      }
    }
  });

  it('depend on the seed alone', () => {
    const query = 'encoder.layer.1.attention.self.query.weight';
    expect(parameters(1, 2)).toEqual(parameters(1, 2));
    expect(parameters(2, 2).get(query)).not.toEqual(parameters(1, 2).get(query));
  });
});
