import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { detectEngine } from '../dist/bert/engines/detect.js';
import { epochBatches } from '../dist/bert/fine-tuning/batches.js';
import { statelessPhilox } from '../dist/bert/random.js';
import { Tokenizer } from '../dist/bert/tokenizer/tokenizer.js';
import { writeSafetensors } from '../dist/bert/weights/safetensors.js';
import { engineFolder, root } from '../scripts/set-up/places.mjs';
import { packedPieces, readCola, sampleOfEpoch } from './cola.mjs';
import { gpuEnvironment, gpuFacts, gpuMemoryInUse } from './gpu.mjs';
import { PEER_ENVIRONMENT, PEER_PROGRAM } from './peer.mjs';
import { peerPython } from './python.mjs';
import { makeRandomModel } from './random-model.mjs';
import { commit, comparison, epochSeconds, machine, stepMilliseconds, table } from './report.mjs';
import { fullRows } from './rows.mjs';
import { endPrograms, inTurns, Program, restlessness, watchOthers } from './turns.mjs';
import { BATCH_SIZE, chosenWorks } from './works.mjs';

const folder = join(engineFolder, 'bench');
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/**
 * Runs the comparison, prints its table and writes it to the file that the options name.
 * @returns {Promise<boolean>} whether everything that was begun came to its end
 */
export async function compareTrainings(options) {
  process.once('exit', endPrograms);
  mkdirSync(folder, { recursive: true });
  const started = Date.now();
  const bench = new Bench(await peerPython(options.python, join(folder, 'python')), options);
  const measuring = Date.now();
  const { steps, epochs } = chosenWorks(options);
  const native = detectEngine('auto').name === 'tensorflow';
  for (const work of steps) {
    if (work.engine !== 'wasm' && !native) bench.leaveOut(work.name, NO_NATIVE);
    else await bench.attempt(work.name, () => bench.compareSteps(work));
  }
  if (epochs) {
    if (native) await bench.attempt(epochs.padded, () => bench.compareEpochs(epochs));
    else bench.leaveOut(epochs.padded, NO_NATIVE);
  }
  console.log(`\n${table(bench.rows)}\n`);
  for (const remark of bench.remarks) console.log(remark);
  console.log(`Measured in ${seconds(measuring)}, with everything before it in ${seconds(started)}.`);
  if (options.out) {
    const gpu = options.gpu ? { gpu: gpuFacts() } : {};
    const report = {
      machine: { ...machine(), ...gpu },
      versions: bench.versions,
      commit: commit(root),
      rows: bench.rows,
    };
    writeFileSync(options.out, `${JSON.stringify(report, null, 2)}\n`);
    console.log(`Written to ${options.out}.`);
  }
  return !bench.failed;
}

const NO_NATIVE = 'native TensorFlow is not prepared; `npm run set-up` says why';

class Bench {
  rows = [];
  remarks = [];
  versions = {};
  failed = false;

  constructor(python, options) {
    this.python = python;
    this.options = options;
    this.threads = Number(options.threads ?? os.availableParallelism());
  }

  /** One work that fails (it may not fit into memory) takes nothing from the others. */
  async attempt(name, compare) {
    try {
      await compare();
    } catch (error) {
      this.failed = true;
      this.remarks.push(`FAILED: ${name}: ${error.message}`);
    }
  }

  async compareSteps({ name, memory, shape, batchSize = BATCH_SIZE, length, engine, precision, measure }) {
    const random = statelessPhilox(1, length);
    const count = batchSize * Math.max(200, measure.warmup + measure.steps + 1);
    const data = this.writeData(`rows-${batchSize}-${length}`, {
      training: fullRows(count, length, () => random.nextFloat()),
    });
    const model = this.randomModel(shape);
    const ours = this.ours(model, data, engine, batchSize, precision);
    const peer = this.peer(model, data, 'given', batchSize, precision);
    const sides = [ours, peer].map((program) => ({ program, warmup: measure.warmup, steps: measure.steps }));
    const pace = precision ? { ...measure, gpuMemoryInUse } : measure;
    const [oursSteps, peerSteps] = await this.measure(name, sides, pace);
    const measured = `${oursSteps.length} steps each`;
    this.add(
      comparison(name, stepMilliseconds(oursSteps), stepMilliseconds(peerSteps), 'ms a step', measured),
    );
    if (memory) {
      const mebibytes = ({ peakBytes, gpuBytes = peakBytes }) => gpuBytes / 2 ** 20;
      this.add(comparison(memory, mebibytes(ours), mebibytes(peer), 'MiB', measured));
    }
  }

  async compareEpochs({ padded, bucketed, shape, engine, measure }) {
    const file = join(resolve(root, this.options.cola ?? '../shared/data/cola'), 'in_domain_train.tsv');
    if (!existsSync(file)) {
      this.leaveOut(padded, `there is no ${file}; name CoLA's folder with --cola`);
      return;
    }
    const tokenizer = this.tokenizer();
    if (!tokenizer) {
      this.leaveOut(padded, "BERT's vocabulary could not be had; name a folder that has it with --tokenizer");
      return;
    }
    const all = readCola(file, tokenizer);
    const lengths = all.map(({ tokenIds }) => tokenIds.length);
    const training = sampleOfEpoch(all, epochBatches(lengths, BATCH_SIZE, 1, 1), measure.stride);
    const data = this.writeData('cola', { training, vocabulary: packedPieces(all) });
    const batches = Math.ceil(training.length / BATCH_SIZE);
    // A sample is trained once before it counts; in the whole epoch the first steps are too few to matter.
    const ownPace =
      measure.stride > 1 ? { warmup: batches, steps: batches } : { warmup: 3, steps: batches - 3 };

    const model = this.randomModel(shape);
    const [oursSteps, bucketedSteps, paddedSteps] = await this.measure(
      'epoch of CoLA, BERT-base',
      [
        { program: this.ours(model, data, engine), ...ownPace },
        { program: this.peer(model, data, 'bucketed'), ...ownPace },
        {
          program: this.peer(model, data, 'padded'),
          warmup: measure.paddedWarmup,
          steps: measure.paddedSteps,
        },
      ],
      measure,
    );
    const whole = Math.ceil(all.length / BATCH_SIZE);
    const epoch = (steps) => epochSeconds(steps, all.length);
    const measured = (steps) => `${oursSteps.length} and ${steps.length} of ${whole} batches`;
    this.add(comparison(padded, epoch(oursSteps), epoch(paddedSteps), 's an epoch', measured(paddedSteps)));
    this.add(
      comparison(bucketed, epoch(oursSteps), epoch(bucketedSteps), 's an epoch', measured(bucketedSteps)),
    );
  }

  async measure(name, sides, measure) {
    console.log(`${name} …`);
    const disturbance = watchOthers();
    try {
      const steps = await inTurns(sides, measure);
      const disturbed = disturbance(sides.map(({ program }) => program));
      if (disturbed) this.remarks.push(`${name}: ${disturbed}`);
      for (const { program } of sides) {
        Object.assign(this.versions, program.about.versions);
        const remark = restlessness(`${name}: ${program.name}`, program);
        if (remark) this.remarks.push(remark);
      }
      return steps;
    } finally {
      await Promise.all(sides.map(({ program }) => program.end()));
    }
  }

  /** @param {'float32' | 'tf32'} [precision] given: on the GPU */
  ours(model, data, engine, batchSize = BATCH_SIZE, precision) {
    const args = [here('our-training.mjs'), '--model', model, '--data', data, '--engine', engine];
    const size = ['--batch-size', String(batchSize)];
    const environment = precision && gpuEnvironment(precision);
    return new Program('ours', process.execPath, [...args, ...size], environment);
  }

  peer(model, data, batches, batchSize = BATCH_SIZE, precision) {
    const args = [PEER_PROGRAM, '--model', model, '--data', data, '--batches', batches];
    const size = ['--batch-size', String(batchSize), '--threads', String(this.threads)];
    const device = precision ? ['--device', 'cuda', '--precision', precision] : [];
    const environment = { ...PEER_ENVIRONMENT, ...(precision && gpuEnvironment(precision)) };
    return new Program('PyTorch', this.python, [...args, ...size, ...device], environment);
  }

  randomModel(shape) {
    const path = join(folder, `random-${shape}`);
    makeRandomModel(path, shape, { writeSafetensors, statelessPhilox });
    return path;
  }

  writeData(name, content) {
    const path = join(folder, `${name}.json`);
    writeFileSync(path, JSON.stringify(content));
    return path;
  }

  /** All uncased models of BERT's family have one vocabulary: the smallest is fetched where none is there. */
  tokenizer() {
    if (this.options.tokenizer) return Tokenizer.fromFolder(resolve(this.options.tokenizer));
    const stored = join(root, process.env.WELLFORMED_BASE_MODELS ?? 'data/base-models');
    const find = () =>
      ['all-MiniLM-L6-v2', 'bert-base-uncased']
        .map((name) => join(stored, name))
        .find((path) => existsSync(join(path, 'vocab.txt')));
    if (!find()) {
      console.log('Fetching all-MiniLM-L6-v2 for its vocabulary.');
      try {
        execFileSync(process.execPath, [join(root, 'dist', 'base-models', 'pull.js'), 'all-MiniLM-L6-v2'], {
          cwd: root,
          stdio: 'inherit',
        });
      } catch {
        return undefined;
      }
    }
    return Tokenizer.fromFolder(find());
  }

  add(row) {
    this.rows.push(row);
    console.log(
      `  ours ${row.ours}, PyTorch ${row.peer} ${row.unit}: ${row.ratio.toFixed(2)}× (${row.measured})`,
    );
  }

  leaveOut(name, reason) {
    this.remarks.push(`Left out: ${name}: ${reason}.`);
  }
}

function seconds(since) {
  return `${Math.round((Date.now() - since) / 1000)} s`;
}
