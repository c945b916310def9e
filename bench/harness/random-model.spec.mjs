import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { statelessPhilox } from '../../src/bert/random.js';
import { openModelFolder } from '../../src/bert/weights/model-folder.js';
import { writeSafetensors } from '../../src/bert/weights/safetensors.js';
import { makeRandomModel } from './random-model.mjs';

it('makes a folder that opens as a whole classifier', () => {
  const parent = mkdtempSync(join(tmpdir(), 'wellformed-random-model-'));
  const folder = join(parent, 'tiny');
  makeRandomModel(folder, 'tiny', { writeSafetensors, statelessPhilox });
  const { config, missing, ignored, weights } = openModelFolder(folder);
  expect(config).toMatchObject({ hiddenSize: 32, numHiddenLayers: 2, numAttentionHeads: 2 });
  expect([missing, ignored]).toEqual([[], []]);
  for (const name of weights.shapes.keys()) {
    const { data } = weights.read(name);
    const [first] = data;
    if (name.endsWith('LayerNorm.weight')) expect(first, name).toBe(1);
    else if (name.endsWith('.bias')) expect(first, name).toBe(0);
    else expect(Math.abs(first), name).toBeLessThan(0.2);
  }
  weights.close();
  rmSync(parent, { recursive: true });
});
