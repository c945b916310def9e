/*
 * Skeleton of an architecture's first test: a tiny model with random weights goes from `config.json` to a judgement. Copy it to
 * src/bert/architectures/NAME.spec.ts while you work. In its paths, write `../` for `../../../src/bert/`, and `../../../test/` for
 * `../../`. Once `architectures/index.ts` lists the architecture, leave out `vi.mock`.
 * It says that the parts fit together. That the numbers are those of transformers, the goldens say: see CONTRIBUTING.md.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it, vi } from 'vitest';
import type * as table from '../../../src/bert/architectures/index.js';
import { parseEncoderConfig } from '../../../src/bert/config.js';
import {
  defaultHyperparameters,
  exportOnnx,
  fineTune,
  openModelFolder,
  ServedModel,
  startEngine,
  writeConfig,
  writeTokenizer,
  writeWeights,
} from '../../../src/bert/index.js';
import { statelessPhilox } from '../../../src/bert/random.js';
import { Tokenizer } from '../../../src/bert/tokenizer/tokenizer.js';
import { nameInFile } from '../../../src/bert/weights/parameter-names.js';
import { parameterShapes } from '../../../src/bert/weights/parameter-shapes.js';
import { writeSafetensors } from '../../../src/bert/weights/safetensors.js';
import { engines } from '../../support/engines.js';

// The table with one more line, as index.ts will have it.
vi.mock('../../../src/bert/architectures/index.js', async (importOriginal) => {
  const { architectures } = await importOriginal<typeof table>();
  const { sample } = await import('./sample.js');
  return { architectures: { ...architectures, sample } };
});

/** Tiny, and with no two sizes alike: a shape that is mixed up is then seen. */
const json = {
  model_type: 'sample',
  vocab_size: 127,
  embedding_size: 12,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 24,
  max_position_embeddings: 40,
};

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-architecture-'));
  folders.push(folder);
  return folder;
}

/** A Hugging Face folder with random weights under the names of the family. */
function randomModel(): string {
  const folder = newFolder();
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(json));
  for (const file of ['vocab.txt', 'tokenizer_config.json'])
    copyFileSync(
      fileURLToPath(new URL(`../../goldens/tiny-electra/${file}`, import.meta.url)),
      path.join(folder, file),
    );
  const config = parseEncoderConfig(json);
  const random = statelessPhilox(1, 0);
  const tensors = [...parameterShapes(config)].map(([name, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const isNormGain = name.endsWith('LayerNorm.weight');
    const data = Float32Array.from({ length: size }, () => (isNormGain ? 1 : 0.1 * random.nextNormal()));
    return { name: nameInFile(config.modelType, name), shape, data };
  });
  writeSafetensors(path.join(folder, 'model.safetensors'), tensors, tensors);
  return folder;
}

it('reads the fields of config.json under the names of the family', () => {
  expect(parseEncoderConfig(json)).toMatchObject({ embeddingSize: 12, hiddenSize: 16, typeVocabSize: 0 });
  // What is missing has the default of the family.
  expect(parseEncoderConfig({ model_type: 'sample' })).toMatchObject({ embeddingSize: 128, hiddenSize: 768 });
  // What cannot be computed is refused.
  expect(() => parseEncoderConfig({ ...json, use_task_id: true })).toThrow('use_task_id is true');
});

it('finds every parameter in the file', () => {
  const { weights, missing, ignored } = openModelFolder(randomModel());
  weights.close();
  expect({ missing, ignored }).toEqual({ missing: [], ignored: [] });
});

it.each(engines)('trains a step on %s, and is served as it was evaluated', async (name) => {
  const base = randomModel();
  const folder = newFolder();
  const model = openModelFolder(base);
  const tokenizer = Tokenizer.fromFolder(base);
  const sentences = ['The cat sat on the mat.', 'Cat the sat mat on.'];
  const examples = sentences.map((sentence, i) => ({
    tokenIds: tokenizer.encode(sentence, 32).tokenIds,
    label: i === 0 ? (1 as const) : (0 as const),
  }));

  let logits: number[] = [];
  const steps: number[] = [];
  for await (const event of fineTune({
    engine: await startEngine(name),
    config: model.config,
    weights: model.weights,
    training: examples,
    validation: examples,
    hyperparameters: {
      ...defaultHyperparameters,
      epochs: 1,
      batchSize: 2,
      learningRate: 1e-3,
      maxLength: 32,
    },
  })) {
    if (event.type === 'step') steps.push(event.gradientNorm);
    if (event.type === 'evaluation') {
      logits = [...event.logits];
      writeWeights(folder, model.config, event.weights());
    }
  }
  model.weights.close();
  // A gradient went through the whole network.
  expect(steps).toHaveLength(1);
  expect(steps[0]).toBeGreaterThan(0);

  await writeConfig(base, folder, { modelType: model.config.modelType, dropout: 0.1 });
  await writeTokenizer(base, folder, model);
  await exportOnnx(folder);
  const served = await ServedModel.load(folder);
  const { judgements } = await served.score(sentences);
  await served.close();
  // The exported graph computes what the network computed.
  judgements
    .flatMap(({ logits }) => [...logits])
    .forEach((logit, i) => expect(Math.abs(logit - logits[i]!)).toBeLessThan(1e-5));
});
