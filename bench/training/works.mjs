import { chosenWorks, readOptions } from '../harness/options.mjs';

/**
 * The comparisons. `measure` sets their size: `steps` are counted after `warmup`, in `rounds` of turns. After
 * `limitSeconds` no further round begins.
 */
const STEPS = [
  {
    name: 'step, BERT-base, 32 × 16, with dropout, clipping, AdamW',
    shape: 'base',
    length: 16,
    engine: 'tensorflow',
    measure: { warmup: 3, steps: 30, rounds: 10 },
    quick: { warmup: 2, steps: 6, rounds: 3, limitSeconds: 35 },
  },
  {
    name: 'step, BERT-base, 32 × 32',
    memory: 'peak memory of the process, BERT-base, 32 × 32',
    shape: 'base',
    length: 32,
    engine: 'tensorflow',
    measure: { warmup: 3, steps: 30, rounds: 10 },
    quick: { warmup: 1, steps: 6, rounds: 3, limitSeconds: 50 },
  },
  {
    name: 'step, MiniLM-L6, 32 × 16',
    shape: 'minilm',
    length: 16,
    engine: 'tensorflow',
    measure: { warmup: 5, steps: 120, rounds: 12 },
    quick: { warmup: 5, steps: 24, rounds: 4, limitSeconds: 25 },
  },
  {
    name: 'step, MiniLM-L6, 32 × 16, wasm engine',
    shape: 'minilm',
    length: 16,
    engine: 'wasm',
    measure: { warmup: 3, steps: 40, rounds: 10 },
    quick: { warmup: 2, steps: 9, rounds: 3, limitSeconds: 30 },
  },
].map((work) => ({ ...work, kind: 'step' }));

/** With `--gpu`: BERT-base on an NVIDIA GPU, with and without rounding to TF32. */
const GPU_STEPS = [
  { batchSize: 32, precision: 'float32' },
  { batchSize: 32, precision: 'tf32' },
  { batchSize: 256, precision: 'float32' },
  { batchSize: 256, precision: 'tf32' },
].map(({ batchSize, precision }) => ({
  kind: 'step',
  name: `step on a GPU, BERT-base, ${batchSize} × 32, ${precision}`,
  memory: `memory of the GPU, BERT-base, ${batchSize} × 32, ${precision}`,
  shape: 'base',
  batchSize,
  length: 32,
  engine: 'tensorflow-gpu',
  precision,
  measure: { warmup: 10, steps: 200, rounds: 10 },
  quick: { warmup: 5, steps: 30, rounds: 3, limitSeconds: 30 },
}));

/**
 * An epoch of CoLA: ours in turn with both ways to pad. All results are scaled from the trained sentences to
 * all of them.
 */
const EPOCHS = {
  kind: 'epoch',
  name: 'epoch of CoLA, BERT-base, against every batch padded to 64',
  bucketed: 'epoch of CoLA, BERT-base, against length-bucketed batches',
  shape: 'base',
  engine: 'tensorflow',
  // Padded batches all cost the same, so a few of them are enough. There is no time limit, because a part of
  // a sample is not a sample.
  measure: { stride: 1, rounds: 12, paddedWarmup: 1, paddedSteps: 24 },
  quick: { stride: 32, rounds: 3, paddedWarmup: 1, paddedSteps: 2 },
};

export const BATCH_SIZE = 32;

/** @throws Error with the usage text */
export function readTrainingOptions(args) {
  return readOptions(args, 'npm run bench:training', {
    quick: {
      text: 'under five minutes, once everything is installed: fewer steps, a smaller sample of CoLA',
    },
    cola: {
      text: 'folder with in_domain_train.tsv (default: ../shared/data/cola); without it, epochs are left out',
    },
    tokenizer: {
      text: "folder with BERT's uncased vocabulary (default: a stored base model, else all-MiniLM-L6-v2 is fetched)",
    },
    threads: { text: 'threads of PyTorch (default: as many as TensorFlow takes, one a core)' },
    gpu: {
      ...{ type: 'boolean', default: false },
      text: 'on an NVIDIA GPU instead, in float32 and TF32; prepares TensorFlow for it (docs/gpu.md)',
    },
  });
}

/** @param {{quick: boolean, only: string[], gpu: boolean}} options */
export function chosenTrainingWorks(options) {
  return chosenWorks(options.gpu ? GPU_STEPS : [...STEPS, EPOCHS], options, {
    names: ({ name, memory, bucketed }) => [name, memory, bucketed],
  });
}
