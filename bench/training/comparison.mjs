import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { detectEngine } from '../../dist/bert/engines/detect.js';
import { epochBatches } from '../../dist/bert/fine-tuning/batches.js';
import { statelessPhilox } from '../../dist/bert/random.js';
import { Tokenizer } from '../../dist/bert/tokenizer/tokenizer.js';
import { writeSafetensors } from '../../dist/bert/weights/safetensors.js';
import { root } from '../../scripts/set-up/places.mjs';
import { Benchmark, folder } from '../harness/benchmark.mjs';
import { colaFile, vocabularyFolder } from '../harness/cola.mjs';
import { makeRandomModel } from '../harness/random-model.mjs';
import { watchTurns } from '../harness/turns.mjs';
import { packedPieces, readCola, sampleOfEpoch } from './cola.mjs';
import { gpuFacts, gpuMemoryInUse } from './gpu.mjs';
import { ourTraining, peerTraining, timeSteps } from './programs.mjs';
import { epochSeconds, stepMilliseconds, trainingTable } from './report.mjs';
import { fullRows } from './rows.mjs';
import { BATCH_SIZE } from './works.mjs';

/** Times our training and PyTorch's in turn. */
export class TrainingBenchmark extends Benchmark {
  measures = {
    step: (work) => this.#measureSteps(work),
    epoch: (work) => this.#measureEpoch(work),
  };
  table = trainingTable;

  constructor(options, works) {
    super(options, works);
    this.threads = Number(options.threads ?? os.availableParallelism());
    if (options.gpu) this.machine.gpu = gpuFacts();
  }

  async #measureSteps(work) {
    const { name, memory, shape, batchSize = BATCH_SIZE, length, engine, precision, measure } = work;
    if (!this.#hasEngine(work)) return;
    const random = statelessPhilox(1, length);
    const count = batchSize * Math.max(200, measure.warmup + measure.steps + 1);
    const data = writeData(`rows-${batchSize}-${length}`, {
      training: fullRows(count, length, () => random.nextFloat()),
    });
    const model = randomModel(shape);
    const ours = ourTraining({ model, data, engine, batchSize, precision });
    const peer = this.#peer({ model, data, batches: 'given', batchSize, precision });
    const sides = [ours, peer].map((program) => ({ program, warmup: measure.warmup, steps: measure.steps }));
    const [ourSteps, peerSteps] = await this.#time(
      name,
      sides,
      precision ? { ...measure, gpuMemoryInUse } : measure,
    );
    const measured = `${ourSteps.length} steps each`;
    this.#compare(name, stepMilliseconds(ourSteps), stepMilliseconds(peerSteps), 'ms a step', measured);
    if (memory) {
      const mebibytes = ({ peakBytes, gpuBytes = peakBytes }) => gpuBytes / 2 ** 20;
      this.#compare(memory, mebibytes(ours), mebibytes(peer), 'MiB', measured);
    }
  }

  async #measureEpoch(work) {
    const { name, bucketed, shape, engine, measure } = work;
    if (!this.#hasEngine(work)) return;
    const file = colaFile(this.options);
    if (!existsSync(file)) {
      this.leaveOut(name, `there is no ${file}; name CoLA's folder with --cola`);
      return;
    }
    const vocabulary = vocabularyFolder(this.options) ?? fetchedVocabulary(this.options);
    if (!vocabulary) {
      this.leaveOut(
        name,
        "BERT's vocabulary could not be fetched; name a folder that has it with --tokenizer",
      );
      return;
    }
    const all = readCola(file, Tokenizer.fromFolder(vocabulary));
    const lengths = all.map(({ tokenIds }) => tokenIds.length);
    const training = sampleOfEpoch(all, epochBatches(lengths, BATCH_SIZE, 1, 1), measure.stride);
    const data = writeData('cola', { training, vocabulary: packedPieces(all) });
    const batches = Math.ceil(training.length / BATCH_SIZE);
    // A sample is trained once before it counts. In a whole epoch the first steps are too few to matter.
    const ownPace =
      measure.stride > 1 ? { warmup: batches, steps: batches } : { warmup: 3, steps: batches - 3 };
    const paddedPace = { warmup: measure.paddedWarmup, steps: measure.paddedSteps };

    const model = randomModel(shape);
    const peer = (batches) => this.#peer({ model, data, batches, batchSize: BATCH_SIZE });
    const sides = [
      { program: ourTraining({ model, data, engine, batchSize: BATCH_SIZE }), ...ownPace },
      { program: peer('bucketed'), ...ownPace },
      { program: peer('padded'), ...paddedPace },
    ];
    const [ourSteps, bucketedSteps, paddedSteps] = await this.#time(name, sides, measure);
    const whole = Math.ceil(all.length / BATCH_SIZE);
    const epoch = (steps) => epochSeconds(steps, all.length);
    const compare = (row, steps) =>
      this.#compare(
        ...[row, epoch(ourSteps), epoch(steps), 's an epoch'],
        `${ourSteps.length} and ${steps.length} of ${whole} batches`,
      );
    compare(name, paddedSteps);
    compare(bucketed, bucketedSteps);
  }

  /** Whether the engine of a work is available. Prints a note if not. */
  #hasEngine({ name, engine }) {
    if (engine === 'wasm' || detectEngine('auto').name === 'tensorflow') return true;
    this.leaveOut(name, 'native TensorFlow is not prepared; `npm run set-up` says why');
    return false;
  }

  async #time(name, sides, measure) {
    const programs = sides.map(({ program }) => program);
    const disturbances = watchTurns(name, programs);
    try {
      const steps = await timeSteps(sides, measure);
      this.remarks.push(...disturbances());
      for (const { about } of programs) Object.assign(this.versions, about.versions);
      return steps;
    } finally {
      await Promise.all(programs.map((program) => program.end()));
    }
  }

  #peer({ model, data, batches, batchSize, precision }) {
    const args = ['--batches', batches, '--batch-size', String(batchSize), '--threads', String(this.threads)];
    return peerTraining(this.python, { model, data, args, precision });
  }

  /** Compares times or bytes. Less is better. */
  #compare(work, ours, peer, unit, measured) {
    this.add({ work, ours, peer, against: 'PyTorch', unit, kind: 'times', less: true, measured });
  }
}

function randomModel(shape) {
  const path = join(folder, `random-${shape}`);
  makeRandomModel(path, shape, { writeSafetensors, statelessPhilox });
  return path;
}

function writeData(name, content) {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

/** Downloads the smallest model that has the vocabulary. */
function fetchedVocabulary(options) {
  console.log('Fetching all-MiniLM-L6-v2 for its vocabulary.');
  const program = join(root, 'dist', 'base-models', 'pull.js');
  try {
    execFileSync(process.execPath, [program, 'all-MiniLM-L6-v2'], { cwd: root, stdio: 'inherit' });
  } catch {
    return undefined;
  }
  return vocabularyFolder(options);
}
