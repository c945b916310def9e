import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { detectEngine } from '../../dist/bert/engines/detect.js';
import { statelessPhilox } from '../../dist/bert/random.js';
import { availableCores } from '../../dist/bert/serving/available-cores.js';
import { Tokenizer } from '../../dist/bert/tokenizer/tokenizer.js';
import { writeSafetensors } from '../../dist/bert/weights/safetensors.js';
import { engineFolder, root } from '../../scripts/set-up/places.mjs';
import { peerPython } from '../python.mjs';
import { commit, machine } from '../report.mjs';
import { measureLoading } from './loading.mjs';
import { measureManyClients } from './many-clients.mjs';
import { measureOneClient } from './one-client.mjs';
import { baseModelOf, prepareBaseModels, trainModels } from './preparation.mjs';
import { endPrograms, seesProcesses } from './programs.mjs';
import { instructionSets, reachAgainstPyTorch, servingRow, servingTable } from './report.mjs';
import { benchmarkTexts, DistinctSentences } from './sentences.mjs';
import { measureSoak } from './soak.mjs';
import { measureDuringTraining } from './training.mjs';
import { chosenServingWorks, MODEL_NAMES } from './works.mjs';

const folder = join(engineFolder, 'bench');
const MEASURES = {
  oneClient: measureOneClient,
  manyClients: measureManyClients,
  duringTraining: measureDuringTraining,
  loading: measureLoading,
  soak: measureSoak,
};

/**
 * Measures, prints the table and writes it to the file that the options name.
 * @returns {Promise<boolean>} whether everything that was begun came to its end
 */
export async function compareServings(options) {
  process.once('exit', endPrograms);
  // Else the servers would go on: a signal alone is no exit.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  const started = Date.now();
  const works = chosenServingWorks(options);
  if (works.length === 0) throw new Error('No work has that in its name: see bench/serving/works.mjs.');
  const bench = new ServingBench(options, works);
  bench.python = await peerPython(options.python, join(folder, 'python'), ['fastapi', 'uvicorn']);
  const measuring = Date.now();
  await bench.prepare();
  for (const work of works) await bench.attempt(work);
  console.log(`\n${servingTable(bench.rows)}\n`);
  for (const remark of bench.remarks) console.log(remark);
  console.log(`Measured in ${seconds(measuring)}, with everything before it in ${seconds(started)}.`);
  if (options.out) {
    const report = {
      machine: { ...machine(), instructions: bench.instructions },
      versions: bench.versions,
      commit: commit(root),
      rows: bench.rows,
      remarks: bench.remarks,
    };
    writeFileSync(options.out, `${JSON.stringify(report, null, 2)}\n`);
    console.log(`Written to ${options.out}.`);
  }
  return !bench.failed;
}

/** What all works share, and what they found. */
class ServingBench {
  rows = [];
  remarks = [];
  versions = { node: process.versions.node };
  failed = false;
  python;
  models = {};
  instructions = instructionSets();
  reachAgainstPyTorch = reachAgainstPyTorch(this.instructions);
  random = uniform(1);
  /** What 64 clients get a second, by shape, as far as it is known. */
  perSecond = {};

  constructor(options, works) {
    this.threads = Number(options.threads ?? availableCores());
    this.peerArgs = options.compile ? ['--compile'] : [];
    this.shapes = [...new Set(works.map(({ shape }) => shape))];
    this.dataFolder = join(folder, 'serving-data');
    this.baseModels = join(folder, 'serving-base-models');
    mkdirSync(folder, { recursive: true });
    const vocabulary = vocabularyFile(options);
    prepareBaseModels(this.baseModels, this.shapes, {
      vocabulary,
      library: { writeSafetensors, statelessPhilox },
    });
    const baseModel = join(this.baseModels, baseModelOf(this.shapes[0]));
    this.tokenizer = Tokenizer.fromFolder(baseModel);
    const { texts, source } = benchmarkTexts({
      // Without BERT's vocabulary CoLA's words are none that the tokenizer knows.
      file: vocabulary
        ? join(resolve(root, options.cola ?? '../shared/data/cola'), 'in_domain_train.tsv')
        : '',
      vocabularyFile: join(baseModel, 'vocab.txt'),
      count: 8_000,
      random: this.random,
    });
    this.sentences = new DistinctSentences(texts, this.random);
    this.tell(
      `${source === 'CoLA' ? "CoLA's sentences" : 'Invented sentences, as long as those of CoLA'}; ${this.threads} threads; ` +
        `the processor has ${this.instructions.join(', ') || 'extensions that the system does not tell'}.`,
    );
  }

  /** Of every service that is started, so that only what is asked for is measured. */
  get settings() {
    return {
      WELLFORMED_DATA: this.dataFolder,
      WELLFORMED_BASE_MODELS: this.baseModels,
      WELLFORMED_INFERENCE_THREADS: String(this.threads),
      WELLFORMED_PREDICT_CACHE: '0',
      WELLFORMED_LOADED_MODELS: '4',
    };
  }

  async prepare() {
    if (detectEngine('auto').name !== 'tensorflow' && this.shapes.includes('base')) {
      throw new Error(
        'BERT-base needs native TensorFlow to be trained before it is served: `npm run set-up` says why it is not there.',
      );
    }
    console.log(`Training ${this.shapes.map((shape) => MODEL_NAMES[shape]).join(' and ')} for a few steps …`);
    const { dataFolder, settings, shapes, sentences } = this;
    this.models = await trainModels({ dataFolder, settings, shapes, sentences });
  }

  /** One work that fails takes nothing from the others. */
  async attempt(work) {
    console.log(`${work.name} …`);
    try {
      await MEASURES[work.kind](this, work);
    } catch (error) {
      this.failed = true;
      this.remarks.push(`FAILED: ${work.name}: ${error.stack}`);
    }
  }

  /** The token ids of sentences, as the service cuts them. */
  encode(sentences) {
    return sentences.map((sentence) => this.tokenizer.encode(sentence, 512).tokenIds);
  }

  /** What a request says besides its sentence. */
  fields(shape, variant) {
    const { alias, variants } = this.models[shape];
    // A service without int8 knows no precision either.
    return { model: alias, ...(variants.length > 1 && { precision: variant }) };
  }

  add(row) {
    const made = servingRow(row);
    this.rows.push(made);
    const { ours, peer, against, unit, result, reach, met } = made;
    const other = peer === null ? '' : `, ${against} ${peer} ${unit}`;
    const verdict = met === null ? '' : ` (reach ${reach}: ${met ? 'yes' : 'NO'})`;
    console.log(`  ${made.work}: ours ${ours} ${unit}${other}: ${result}${verdict}`);
  }

  tell(remark) {
    this.remarks.push(remark);
    console.log(remark);
  }

  leaveOut(name, reason) {
    this.remarks.push(`Left out: ${name}: ${reason}.`);
  }

  /** @returns {boolean} whether the system tells what processes take; says so if not */
  seesProcesses(name) {
    if (!seesProcesses) this.leaveOut(name, 'the system does not tell the memory of processes; Linux does');
    return seesProcesses;
  }
}

/** BERT's uncased vocabulary, which all models of its family share; undefined where no folder has it. */
function vocabularyFile({ tokenizer }) {
  if (tokenizer) return join(resolve(tokenizer), 'vocab.txt');
  const stored = resolve(root, process.env.WELLFORMED_BASE_MODELS ?? 'data/base-models');
  return ['bert-base-uncased', 'all-MiniLM-L6-v2']
    .map((name) => join(stored, name, 'vocab.txt'))
    .find((path) => existsSync(path));
}

function uniform(seed) {
  const random = statelessPhilox(seed, 0);
  return () => random.nextFloat();
}

function seconds(since) {
  return `${Math.round((Date.now() - since) / 1000)} s`;
}
