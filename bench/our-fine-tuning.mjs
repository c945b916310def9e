// node bench/our-fine-tuning.mjs MODEL_DIR TRAIN.tsv DEV.tsv --out FILE [--epochs 3] [--lr 3e-5] [--batch 32]
// [--seed 1] [--engine auto]
//
// Fine-tunes on CoLA with the built library (dist/bert), without the HTTP service around it. It is the
// counterpart of peers/torch_fine_tuning.py and has the same arguments and output. Build first: npm run
// build.
import { renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readCola } from './training/cola.mjs';
import { BUILT, loadLibrary } from './training/our-steps.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    epochs: { type: 'string', default: '3' },
    lr: { type: 'string', default: '3e-5' },
    batch: { type: 'string', default: '32' },
    seed: { type: 'string', default: '1' },
    engine: { type: 'string', default: 'auto' },
    library: { type: 'string', default: BUILT },
  },
});
const [folder, trainingFile, devFile] = positionals;
if (!devFile || !options.out) {
  throw new Error('Usage: our-fine-tuning.mjs MODEL_DIR TRAIN.tsv DEV.tsv --out FILE');
}

const library = await loadLibrary(options.library);
const model = library.openModelFolder(folder);
const tokenizer = library.Tokenizer.fromFolder(folder);
const [training, validation] = [trainingFile, devFile].map((file) => readCola(file, tokenizer));
const engine = await library.startEngine(options.engine);
const settings = {
  epochs: Number(options.epochs),
  learningRate: Number(options.lr),
  batchSize: Number(options.batch),
  seed: Number(options.seed),
};
const report = {
  settings,
  versions: { node: process.versions.node, [engine.name]: engine.description },
  epochs: [],
};
const events = library.fineTune({
  engine,
  config: model.config,
  weights: model.weights,
  training,
  validation,
  hyperparameters: {
    ...library.defaultHyperparameters,
    ...settings,
    maxLength: model.config.maxPositionEmbeddings,
  },
});
for await (const event of events) {
  if (event.type === 'step' && event.step % 50 === 0)
    console.log(`step ${event.step} of ${event.totalSteps}`);
  if (event.type !== 'epoch') continue;
  const { epoch, trainingLoss, trainingSeconds, validation: evaluation } = event;
  const result = { epoch, trainingLoss, trainingSeconds, mcc: evaluation.mcc };
  console.log(JSON.stringify(result));
  report.epochs.push({ ...result, confusionMatrix: evaluation.confusionMatrix });
  writeFileSync(`${options.out}.new`, JSON.stringify(report));
  renameSync(`${options.out}.new`, options.out);
}
model.weights.close();
