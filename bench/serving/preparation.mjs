import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeRandomModel } from '../harness/random-model.mjs';
import { Service } from '../harness/service.mjs';
import { trainingFile } from './sentences.mjs';

/** Number of sentences on which a model is trained before it is served, and of those on which it is evaluated. */
const ROWS = 32;

/**
 * Makes base models with random weights, and with BERT's vocabulary if it is available. The cost of an answer
 * depends on neither.
 * @param {string} folder
 * @param {string[]} shapes of random-model.mjs
 * @param {{vocabulary?: string, library: object}} options `vocabulary`: a `vocab.txt`; `library`: see {@link
 * makeRandomModel}
 */
export function prepareBaseModels(folder, shapes, { vocabulary, library }) {
  mkdirSync(folder, { recursive: true });
  for (const shape of shapes) {
    const path = join(folder, baseModelOf(shape));
    makeRandomModel(path, shape, library);
    if (vocabulary) copyFileSync(vocabulary, join(path, 'vocab.txt'));
  }
}

/** The base model name of a shape. */
export function baseModelOf(shape) {
  return `random-${shape}`;
}

/**
 * Trains each shape for a few steps through the service's HTTP API, so that models are exported and
 * registered as usual.
 * @param {object} options
 * @param {string} options.dataFolder created here
 * @param {Record<string, string>} options.settings of the service
 * @param {string[]} options.shapes
 * @param {{take(count: number): string[]}} options.sentences
 * @returns {Promise<Record<string, {id: string, alias: string, folder: string, precisions: ('fp32' |
 * 'int8')[]}>>} by shape
 */
export async function trainModels({ dataFolder, settings, shapes, sentences }) {
  rmSync(dataFolder, { recursive: true, force: true });
  const service = await Service.start(settings);
  try {
    const models = {};
    for (const shape of shapes) {
      const request = {
        ...{ baseModel: baseModelOf(shape), epochs: 1, batchSize: 8 },
        ...{ validationFraction: 0.5, promote: 'never' },
      };
      const { modelId: id } = await service.run(
        await service.train(request, trainingFile(sentences.take(2 * ROWS))),
      );
      await service.request('PUT', `/aliases/${shape}`, { modelId: id });
      const folder = join(dataFolder, 'models', id);
      const precisions = existsSync(join(folder, 'model.int8.onnx')) ? ['fp32', 'int8'] : ['fp32'];
      models[shape] = { id, alias: shape, folder, precisions };
    }
    return models;
  } finally {
    await service.end();
  }
}

/** Promotes a model to production. The next start loads it. */
export async function putIntoProduction({ id }, settings) {
  const service = await Service.start(settings);
  try {
    await service.request('PUT', '/aliases/production', { modelId: id });
  } finally {
    await service.end();
  }
}
