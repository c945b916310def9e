// npm run bench:estimates [-- --models tiny,minilm,base] [-- --epochs 3] [-- --out FILE]: how near a run's estimates come to the truth.
// Trains through the service, on the sentences of samples/, twice with each model: first where nothing is known but a measurement, then
// where an earlier run is. See docs/performance.md.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/set-up/places.mjs';
import { MODEL_NAMES, SHAPES, VOCABULARY } from './harness/random-model.mjs';
import { runBenchmark } from './harness/run.mjs';
import { busySeconds } from './harness/turns.mjs';

const WATCH_MILLISECONDS = 50;

await runBenchmark(
  (args) => {
    const { values } = parseArgs({
      args,
      options: {
        models: { type: 'string', default: 'tiny,minilm' },
        epochs: { type: 'string', default: '3' },
        out: { type: 'string' },
      },
    });
    const models = values.models.split(',');
    const unknown = models.find((model) => !(model in SHAPES));
    if (unknown) throw new Error(`--models has "${unknown}", but must be some of ${Object.keys(SHAPES)}.`);
    return Promise.resolve({ ...values, models });
  },
  async ({ models, epochs, out }) => {
    const { makeRandomModel } = await import('./harness/random-model.mjs');
    const { writeSafetensors } = await import('../dist/bert/weights/safetensors.js');
    const { statelessPhilox } = await import('../dist/bert/random.js');
    const folder = mkdtempSync(join(tmpdir(), 'run-estimates-'));
    const lines = [];
    const tell = (line) => {
      lines.push(line);
      console.log(line);
    };
    try {
      const rows = sampleRows();
      tell(
        '| model | known | others, cores | at | step | told, s | true, s | error | by `estimatedFinish` |',
      );
      tell('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
      for (const model of models) {
        makeRandomModel(join(folder, 'base-models', model), model, { writeSafetensors, statelessPhilox });
        for (const cells of await measured(folder, model, epochs, rows)) tell(`| ${cells.join(' | ')} |`);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    if (out) writeFileSync(out, `${lines.join('\n')}\n`);
    return true;
  },
);

/** Two runs of a model: what was told of them, and what was true. */
async function measured(folder, model, epochs, rows) {
  const { Service } = await import('./harness/service.mjs');
  const service = await Service.start({
    WELLFORMED_DATA: join(folder, `data-${model}`),
    WELLFORMED_BASE_MODELS: join(folder, 'base-models'),
  });
  try {
    const ids = {};
    for (const [field, name] of [
      ['datasetId', 'training'],
      ['validationDatasetId', 'validation'],
    ]) {
      const form = new FormData();
      form.set('file', new Blob([rows[name]]), `${name}.tsv`);
      ids[field] = (await service.request('POST', '/datasets', form)).id;
    }
    const cells = [];
    for (let turn = 0; turn < 2; turn++) {
      const body = { ...ids, baseModel: model, epochs: Number(epochs) };
      const { seconds, basis } = await service.request('POST', '/train?dryRun=true', body);
      const others = await othersWatched(service);
      const { id } = await service.request('POST', '/train', body);
      const { looks, run } = await watched(service, id);
      const finished = Date.parse(run.finishedAt);
      const begun = looks.find(({ phase }) => phase !== null && phase !== 'downloading');
      const told = [MODEL_NAMES[model], basis, (await others()).toFixed(1)];
      const whole = (finished - begun.at) / 1000;
      cells.push([...told, 'dry run', '', ...errorOf(seconds, whole), '']);
      const share = (part) => Math.max(1, Math.round(part * run.totalSteps));
      for (const [name, step] of [
        ['20 steps', 20],
        ['25 %', share(0.25)],
        ['50 %', share(0.5)],
        ['75 %', share(0.75)],
        ['last step', run.totalSteps],
      ]) {
        const look = looks.find((look) => look.step >= step);
        const left = (finished - look.at) / 1000;
        const byFinish = (Date.parse(look.estimatedFinish) - look.at) / 1000;
        cells.push([
          ...told,
          name,
          look.step,
          ...errorOf(look.secondsLeft, left),
          errorOf(byFinish, left)[2],
        ]);
      }
    }
    return cells;
  } finally {
    await service.end();
  }
}

/** A run to its end, looked at again and again. */
async function watched(service, id) {
  const looks = [];
  for (;;) {
    const run = await service.run(id, () => true);
    looks.push({ at: Date.now(), ...run });
    if (run.status === 'succeeded') return { looks, run };
    if (!['queued', 'preparing', 'running'].includes(run.status))
      throw new Error(`The training ${run.status}.`);
    await new Promise((resolve) => setTimeout(resolve, WATCH_MILLISECONDS));
  }
}

/** @returns tells how many cores other programs have taken in the meantime: where there is more than a trace of it, times are in doubt */
async function othersWatched(service) {
  const taken = async () => {
    const own = await service.metrics('process_cpu_seconds_total', 'wellformed_training_cpu_seconds_total');
    return { seconds: performance.now() / 1000, busy: busySeconds() - own[0] - own[1] };
  };
  const before = await taken();
  return async () => {
    const after = await taken();
    return Math.max(0, (after.busy - before.busy) / (after.seconds - before.seconds));
  };
}

function errorOf(told, true_) {
  return [told.toFixed(1), true_.toFixed(1), `${((100 * (told - true_)) / true_).toFixed(0)} %`];
}

/** The sentences of samples/ in words that the vocabulary of a random model has, a piece for each. */
function sampleRows() {
  const pieces = new Map();
  const piece = (word) => {
    if (!pieces.has(word)) pieces.set(word, `piece${5 + (pieces.size % (VOCABULARY - 5))}`);
    return pieces.get(word);
  };
  const read = (name) =>
    readFileSync(join(root, 'samples', name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [source, label, mark, sentence] = line.split('\t');
        return `${[source, label, mark, sentence.split(/\s+/).map(piece).join(' ')].join('\t')}\n`;
      })
      .join('');
  return { training: read('sample-training.tsv'), validation: read('sample-validation.tsv') };
}
