// node bench/training-memory.mjs [--models tiny,minilm,base] [--engines tensorflow,wasm] [--out FILE]
//
// Measures the peak memory of a training process in each of its phases, next to the estimate of
// src/bert/fine-tuning/memory.ts, whose constants are fitted to this table. Linux only. The models have
// random weights. A job is complete, from its rows to the assessment, but has few steps. Peaks are those of
// the resident set, which the system records.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultHyperparameters } from '../dist/bert/fine-tuning/hyperparameters.js';
import { statelessPhilox } from '../dist/bert/random.js';
import { writeSafetensors } from '../dist/bert/weights/safetensors.js';
import { TrainingProcess } from '../dist/training/training-process.js';
import { makeRandomModel } from './harness/random-model.mjs';
import { writeRowsFile } from './harness/rows-file.mjs';
import { PIECES } from './training/rows.mjs';

const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: 'tiny,minilm,base' },
    engines: { type: 'string', default: 'tensorflow,wasm' },
    out: { type: 'string' },
  },
});

/** Number of rows, batch size, tokens per row, changed hyperparameters. */
const JOBS = [
  [72, 32, 16],
  [72, 32, 64],
  [72, 16, 128],
  [72, 32, 32, { gradientAccumulationSteps: 2 }],
  [72, 32, 32, { weightAveraging: 2, epochs: 2 }],
  [72, 32, 32, { rDrop: 1 }],
];
/** Jobs in which the number of rows matters. */
const MANY_ROWS = [
  [100_000, 1024, 16],
  [300_000, 1024, 16],
];

const folder = mkdtempSync(join(tmpdir(), 'training-memory-'));
const lines = [
  '| model | engine | rows | batch | options | preparing | training | exporting | peak | reckoned | share |',
  '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
];
try {
  for (const model of options.models.split(',')) {
    makeRandomModel(join(folder, 'base-models', model), model, { writeSafetensors, statelessPhilox });
    for (const engine of options.engines.split(',')) {
      for (const job of model === 'tiny' ? [...JOBS, ...MANY_ROWS] : JOBS) {
        lines.push(`| ${(await measure(model, engine, job)).join(' | ')} |`);
        console.log(lines.at(-1));
      }
    }
  }
  if (options.out) writeFileSync(options.out, `${lines.join('\n')}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(model, engine, [rows, batchSize, length, changes = {}]) {
  const source = writeRowsFile(join(folder, 'rows.tsv'), sentences(rows, length - 2));
  const staged = mkdtempSync(join(folder, 'staged-'));
  const job = {
    runId: 'run',
    folder: staged,
    modelName: 'measured',
    baseModel: model,
    baseModelOptions: {
      folder: join(folder, 'base-models'),
      hubUrl: 'http://localhost:9',
      hubModels: 'catalogue',
      maxBytes: 2 ** 32,
    },
    initialModelFolder: null,
    engine,
    training: source,
    validation: null,
    hyperparameters: {
      ...defaultHyperparameters,
      epochs: 1,
      maxLength: length,
      batchSize,
      validationFraction: rows > 1000 ? 0.001 : 0.1,
      ...changes,
    },
    inferenceThreads: 'auto',
    memoryLimit: null,
    expected: null,
    attempt: 1,
    // The one at the end of the epoch is part of what is measured.
    checkpoints: { folder: mkdtempSync(join(folder, 'staged-')), steps: null, seconds: 300 },
    earlier: null,
    pauseAfterEpoch: null,
  };
  const peaks = {};
  let phase;
  let reckoned = NaN;
  const read = () => {
    if (phase) peaks[phase] = Math.max(peaks[phase] ?? 0, peakOf(training.pid));
  };
  const training = new TrainingProcess(
    job,
    (message) => {
      if (message.type === 'plan') reckoned = message.data.estimatedBytes / 2 ** 20;
      read();
      if (message.type !== 'phase') return;
      phase = message.data.phase;
      writeFileSync(`/proc/${training.pid}/clear_refs`, '5');
    },
    { log: console.error },
  );
  const watch = setInterval(read, 20);
  const outcome = await training.outcome;
  clearInterval(watch);
  rmSync(staged, { recursive: true });
  if (outcome.type !== 'finished') throw new Error(`${model} on ${engine}: ${outcome.message}`);
  const peak = Math.max(...Object.values(peaks));
  const told = Object.keys(changes).join(' ') || '–';
  const figures = [peaks.preparing, peaks.training, peaks.exporting, peak, reckoned].map((bytes) =>
    bytes.toFixed(0),
  );
  return [model, engine, rows, `${batchSize} × ${length}`, told, ...figures, (reckoned / peak).toFixed(2)];
}

/** Returns MiB; 0 if the process has ended. */
function peakOf(pid) {
  const status = `/proc/${pid}/status`;
  if (!existsSync(status)) return 0;
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(status, 'utf8'))?.[1] ?? 0) / 1024;
}

function sentences(rows, words) {
  const random = statelessPhilox(1, 0);
  const word = () => `piece${5 + random.nextInteger(PIECES)}`;
  return Array.from({ length: rows }, (_, row) => ({
    label: row % 3 === 0 ? 0 : 1,
    sentence: Array.from({ length: words }, word).join(' '),
  }));
}
