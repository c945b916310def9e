import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The library of this checkout's build. */
export const BUILT = fileURLToPath(new URL('../../dist/bert', import.meta.url));

/**
 * Loads the parts of the compiled library that training needs.
 * @param {string} folder {@link BUILT}, or another build to compare with
 */
export async function loadLibrary(folder) {
  const files = [
    'engines/start.js',
    'fine-tuning/fine-tune.js',
    'fine-tuning/hyperparameters.js',
    'tokenizer/tokenizer.js',
    'weights/model-folder.js',
  ];
  const modules = await Promise.all(files.map((file) => import(pathToFileURL(resolve(folder, file)).href)));
  return Object.assign({}, ...modules);
}

/** More epochs than anybody waits for. The training goes on as long as steps are requested. */
const EPOCHS = 1_000;

/** Command-line options for {@link openTraining}. */
export const TRAINING_OPTIONS = {
  model: { type: 'string' },
  data: { type: 'string' },
  engine: { type: 'string', default: 'tensorflow' },
  'batch-size': { type: 'string', default: '32' },
  seed: { type: 'string', default: '1' },
  library: { type: 'string', default: BUILT },
};

/**
 * Starts a fine-tuning that takes a few steps at a time and pauses between them.
 * @param {object} options
 * @param {string} options.model a Hugging Face folder
 * @param {string} options.data a file as our-training.mjs describes it
 * @param {string} options.engine
 * @param {string} options.batch-size
 * @param {string} options.seed
 * @param {string} options.library the folder of the compiled library
 */
export async function openTraining(options) {
  const { openModelFolder, startEngine, fineTune, defaultHyperparameters } = await loadLibrary(
    options.library,
  );
  const model = openModelFolder(options.model);
  const { training, vocabulary } = JSON.parse(readFileSync(options.data, 'utf8'));
  const engine = await startEngine(options.engine);
  const events = fineTune({
    engine,
    config: model.config,
    weights: model.weights,
    training,
    // These rows are evaluated at the ends of epochs, which are not timed.
    validation: vocabulary ?? training.slice(0, 1),
    // The recipe in peers/recipe.py uses the service's defaults.
    hyperparameters: {
      ...defaultHyperparameters,
      epochs: EPOCHS,
      batchSize: Number(options['batch-size']),
      maxLength: model.config.maxPositionEmbeddings,
      seed: Number(options.seed),
    },
  });
  return {
    engine,
    async steps(count) {
      const seconds = [];
      const examples = [];
      let loss = null;
      while (seconds.length < count) {
        const started = performance.now();
        const { value: event } = await events.next();
        if (event.type !== 'step') continue;
        seconds.push((performance.now() - started) / 1000);
        examples.push(event.examples);
        loss = event.loss;
      }
      return { seconds, examples, loss };
    },
    async end() {
      await events.return();
      model.weights.close();
    },
  };
}
