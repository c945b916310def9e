// npm run bench:checkpoints [-- --quick] [-- --model base] [-- --weights DIR] [-- --engine auto] [-- --out FILE]: what the checkpoints of a
// training cost: how long it stands still for one, how long until it is stored, and how much slower the training is meanwhile. One
// training takes turns without a checkpoint and with one. See docs/performance.md.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/set-up/places.mjs';
import { killProgramsAtExit } from './harness/programs.mjs';
import { MODEL_NAMES, SHAPES } from './harness/random-model.mjs';
import { commit, machine, markdownTable } from './harness/report.mjs';
import { runBenchmark } from './harness/run.mjs';
import { median } from './harness/statistics.mjs';
import { busySeconds } from './harness/turns.mjs';

/** What is to be reached: seconds for which a training stands still, and percent of its time. */
const REACH = { pause: 2, cost: 3 };

/** In how many rounds of two turns, and how long a turn is at least, in seconds. */
const EXTENT = { usual: { rounds: 5, seconds: 30 }, quick: { rounds: 2, seconds: 15 } };

/** Rows of a step, and pieces of each: about as long as the sentences of CoLA. All are as long, so that each step takes the same time. */
const BATCH = 16;
const LENGTH = 16;

await runBenchmark(
  (args) => {
    const { values } = parseArgs({
      args,
      options: {
        quick: { type: 'boolean', default: false },
        model: { type: 'string', default: 'base' },
        weights: { type: 'string' },
        engine: { type: 'string', default: 'auto' },
        out: { type: 'string' },
      },
    });
    if (!(values.model in SHAPES)) {
      throw new Error(`--model is "${values.model}", but must be one of ${Object.keys(SHAPES).join(', ')}.`);
    }
    if (values.weights && !existsSync(join(values.weights, 'config.json'))) {
      throw new Error(
        `--weights is "${values.weights}", but must be a folder of a stored base model, such as base-models/bert-base-uncased.`,
      );
    }
    return Promise.resolve(values);
  },
  async ({ quick, model, weights, engine, out }) => {
    killProgramsAtExit();
    const folder = mkdtempSync(join(tmpdir(), 'checkpoints-'));
    try {
      const baseModel = await placeModel(join(folder, 'base-models'), model, weights);
      const extent = quick ? EXTENT.quick : EXTENT.usual;
      const measured = await measure(folder, baseModel, engine, extent);
      const report = await summary(measured);
      console.log(`\n${report.name}, ${weights ? 'its real weights' : 'random weights'}, ${report.engine}\n`);
      console.log(`${report.table}\n`);
      for (const remark of report.remarks) console.log(remark);
      if (out) {
        const about = { machine: machine(), commit: commit(root), weights: weights ? 'real' : 'random' };
        writeFileSync(out, `${JSON.stringify({ ...about, ...report, ...measured }, null, 2)}\n`);
      }
      return report.isReached;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }

    /** What the numbers come to. */
    async function summary({ checkpoints, rounds, engine, othersCores }) {
      const { readSettings } = await import('../dist/config/read-settings.js');
      const interval = readSettings({}).settings.checkpointInterval / 1000;
      const pauses = checkpoints.map(({ pause }) => pause);
      // What a turn with a checkpoint takes longer than as many steps without one.
      const costs = rounds.map(
        ({ without, with: one }) => one.seconds - one.steps * (without.seconds / without.steps),
      );
      const share = (100 * median(costs)) / interval;
      const rate = (turn) => median(rounds.map((round) => round[turn].steps / round[turn].seconds));
      const range = (values, digits) =>
        `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;
      const each = median(rounds.map(({ with: one }) => one.seconds));
      const verdict = (isMet) => (isMet ? 'yes' : 'NO');
      const [pauseMet, costMet] = [Math.max(...pauses) <= REACH.pause, share < REACH.cost];
      const row = (what, middle, all, reach = '', met = '') => [what, middle, all, reach, met];
      const column = (name, digits) => {
        const values = checkpoints.map((checkpoint) => checkpoint[name]);
        return [median(values).toFixed(digits), range(values, digits)];
      };
      const cells = [
        row('the training stands still, s', ...column('pause', 2), `≤ ${REACH.pause}`, verdict(pauseMet)),
        row('until it is on the disk, s', ...column('written', 1)),
        row('until the service has it, s', ...column('stored', 1)),
        row('size, MB', ...column('megabytes', 0)),
        row('steps/s without', rate('without').toFixed(3), ''),
        row(`steps/s with one each ${each.toFixed(0)} s`, rate('with').toFixed(3), ''),
        row('one costs, s', median(costs).toFixed(2), range(costs, 2)),
        row(`one each ${interval} s costs, %`, share.toFixed(2), '', `< ${REACH.cost}`, verdict(costMet)),
      ];
      const remarks = [
        `${checkpoints.length} checkpoints in ${rounds.length} rounds; steps of ${BATCH} rows of ${LENGTH} pieces.`,
        ...(othersCores > 0.1
          ? [`Other programs took ${othersCores.toFixed(1)} cores: measure again when all is quiet.`]
          : []),
      ];
      const table = markdownTable(['', 'median', 'from … to', 'reach', 'reached'], cells, [1]);
      const name = MODEL_NAMES[model];
      return { name, engine, costs, table, remarks, isReached: pauseMet && costMet };
    }
  },
);

/** Puts the model where the job looks for it. @returns its name there */
async function placeModel(folder, shape, weights) {
  const name = 'measured';
  mkdirSync(folder);
  if (weights) {
    cpSync(weights, join(folder, name), { recursive: true, dereference: true });
    return name;
  }
  const { makeRandomModel } = await import('./harness/random-model.mjs');
  const { writeSafetensors } = await import('../dist/bert/weights/safetensors.js');
  const { statelessPhilox } = await import('../dist/bert/random.js');
  makeRandomModel(join(folder, name), shape, { writeSafetensors, statelessPhilox });
  return name;
}

/** One training, whose checkpoints are taken over as the service does it. It takes one whenever it has a folder for it. */
async function measure(folder, baseModel, engine, { rounds: count, seconds: shortest }) {
  const { TrainingProcess } = await import('../dist/training/training-process.js');
  const { LocalBlobStore } = await import('../dist/storage/local-blob-store.js');
  const { defaultHyperparameters } = await import('../dist/bert/fine-tuning/hyperparameters.js');
  const blobs = new LocalBlobStore({ path: join(folder, 'data') });
  const [staged, first] = [await blobs.stage(), await blobs.stage()];
  const words = wordsOf(join(folder, 'base-models', baseModel));
  const job = {
    runId: 'run_0',
    folder: staged.path,
    modelName: 'measured',
    baseModel,
    baseModelOptions: {
      folder: join(folder, 'base-models'),
      hubUrl: 'http://localhost:9',
      hubModels: 'any',
      maxBytes: 2 ** 32,
    },
    initialModelFolder: null,
    engine,
    // An epoch ends with a checkpoint: this one outlasts what is measured.
    training: await rowsFile(join(folder, 'training.tsv'), words, 200_000, (row) => (row % 3 === 0 ? 0 : 1)),
    // Of one class, with an MCC of 0 at each evaluation: the first is the best, and its weights go into every checkpoint.
    validation: await rowsFile(join(folder, 'validation.tsv'), words, 2, () => 1),
    hyperparameters: {
      ...defaultHyperparameters,
      validationFraction: null,
      epochs: 1,
      maxLength: LENGTH,
      batchSize: BATCH,
      evaluationSteps: 5,
    },
    inferenceThreads: 'auto',
    memoryLimit: null,
    expected: null,
    attempt: 1,
    checkpoints: { folder: first.path, steps: 1, seconds: 0 },
    earlier: null,
    pauseAfterEpoch: null,
  };

  let current = first;
  let before;
  const checkpoints = [];
  let told;
  let tellStored;
  const takeOver = async ({ data, files, pausedMilliseconds, milliseconds }) => {
    const began = performance.now();
    const key = `checkpoints/run_0-1-${data.step}`;
    await current.publish(key, Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256])));
    const publishing = performance.now() - began;
    if (before) await blobs.delete(before);
    before = key;
    current = await blobs.stage();
    const [pause, written, stored] = [pausedMilliseconds, milliseconds, milliseconds + publishing].map(
      (each) => each / 1000,
    );
    const checkpoint = { pause, written, stored, megabytes: data.bytes / 1e6 };
    checkpoints.push(checkpoint);
    console.log(
      `  checkpoint of step ${data.step}: stands still ${pause.toFixed(2)} s, stored after ${stored.toFixed(1)} s, ${checkpoint.megabytes.toFixed(0)} MB`,
    );
    tellStored?.();
  };

  let step = 0;
  let isEvaluated = false;
  let description = '';
  let ended;
  const training = new TrainingProcess(
    job,
    (message) => {
      if (message.type === 'engine') description = message.data.description;
      if (message.type === 'evaluation') isEvaluated = true;
      if (message.type === 'step') step = message.data.step;
      if (message.type === 'checkpoint') void takeOver(message).catch(fail);
      told?.();
    },
    { log: (line) => console.error(line) },
  );
  const fail = (error) => {
    ended = error;
    told?.();
    tellStored?.();
  };
  const outcome = training.outcome.then((how) => {
    if (how.type !== 'stopped') fail(new Error(`The training ended: ${how.message ?? how.type}`));
  });
  /** Waits until something holds after a message. */
  const until = async (holds) => {
    while (!holds()) {
      if (ended) throw ended;
      await new Promise((resolve) => (told = resolve));
    }
    if (ended) throw ended;
  };
  const nextStep = () => {
    const now = step;
    return until(() => step > now);
  };
  /** From the end of a step to that of another, at least for so long. @param begin called between two steps */
  const turn = async (begin = () => {}, isOver = () => true) => {
    await nextStep();
    const began = { step, at: performance.now() };
    begin();
    do await nextStep();
    while (performance.now() - began.at < 1000 * shortest || !isOver());
    return { steps: step - began.step, seconds: (performance.now() - began.at) / 1000 };
  };

  // The first checkpoint, before there is a best evaluation, warms everything up.
  await until(() => checkpoints.length === 1 && isEvaluated);
  checkpoints.length = 0;
  for (let i = 0; i < 3; i++) await nextStep();
  const busy = watchOthers(training.pid);
  const rounds = [];
  for (let round = 0; round < count; round++) {
    const turns = {
      without: () => turn(),
      with: async () => {
        const stored = new Promise((resolve) => (tellStored = resolve));
        let isStored = false;
        void stored.then(() => (isStored = true));
        return turn(
          () => training.goOnIn(current.path),
          () => isStored,
        );
      },
    };
    // Each turn comes first as often as last.
    const order = round % 2 === 0 ? ['without', 'with'] : ['with', 'without'];
    const result = {};
    for (const name of order) {
      result[name] = await turns[name]();
      const { steps, seconds } = result[name];
      console.log(`round ${round + 1}, ${name}: ${steps} steps in ${seconds.toFixed(1)} s`);
    }
    rounds.push(result);
  }
  const othersCores = busy();
  training.stop({ grace: 10_000 });
  await outcome;
  return { engine: description, checkpoints, rounds, othersCores };
}

/** @returns tells how many cores other programs have taken since */
function watchOthers(pid) {
  const now = () => ({
    at: performance.now() / 1000,
    busy: busySeconds(),
    own: cpuSeconds(pid) + cpuSeconds('self'),
  });
  const before = now();
  return () => {
    const after = now();
    return (after.busy - before.busy - (after.own - before.own)) / (after.at - before.at);
  };
}

/** Of a process, in hundredths of a second; 0 where the system does not say. */
function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

/** Words that are one piece each. */
function wordsOf(folder) {
  const pieces = readFileSync(join(folder, 'vocab.txt'), 'utf8').split('\n');
  return pieces.filter((piece) => /^([a-z]{3,}|piece\d+)$/.test(piece));
}

/** Rows of random words, each as long as a step has room for. */
async function rowsFile(path, words, count, labelOf) {
  const { writeRowsFile } = await import('./harness/rows-file.mjs');
  const { statelessPhilox } = await import('../dist/bert/random.js');
  const random = statelessPhilox(1, 0);
  const word = () => words[random.nextInteger(words.length)];
  const rows = Array.from({ length: count }, (_, row) => ({
    label: labelOf(row),
    sentence: Array.from({ length: LENGTH - 2 }, word).join(' '),
  }));
  return writeRowsFile(path, rows);
}
