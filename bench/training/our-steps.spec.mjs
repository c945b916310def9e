import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { statelessPhilox } from '../../src/bert/random.js';
import { writeSafetensors } from '../../src/bert/weights/safetensors.js';
import { openTraining } from './our-steps.mjs';
import { makeRandomModel } from '../harness/random-model.mjs';
import { fullRows } from './rows.mjs';

let folder;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wellformed-our-steps-'));
  makeRandomModel(join(folder, 'tiny'), 'tiny', { writeSafetensors, statelessPhilox });
});
afterAll(() => rmSync(folder, { recursive: true }));

it('trains as many steps as are asked for, past the ends of epochs', async () => {
  const random = statelessPhilox(1, 1);
  const data = join(folder, 'rows.json');
  writeFileSync(data, JSON.stringify({ training: fullRows(20, 8, () => random.nextFloat()) }));
  const training = await openTraining({
    model: join(folder, 'tiny'),
    data,
    engine: 'wasm',
    'batch-size': '8',
    seed: '1',
    library: fileURLToPath(new URL('../../src/bert', import.meta.url)),
  });
  const first = await training.steps(2);
  const second = await training.steps(4);
  await training.end();
  // Twenty rows in batches of eight: every third batch has four.
  expect(first.examples.concat(second.examples).sort()).toEqual([4, 4, 8, 8, 8, 8]);
  expect(second.seconds).toHaveLength(4);
  expect(Math.min(...second.seconds)).toBeGreaterThan(0);
  expect(second.loss).toBeGreaterThan(0);
});
