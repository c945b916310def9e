import { join } from 'node:path';
import { detectEngine } from '../../dist/bert/engines/detect.js';
import { statelessPhilox } from '../../dist/bert/random.js';
import { availableCores } from '../../dist/bert/serving/available-cores.js';
import { Tokenizer } from '../../dist/bert/tokenizer/tokenizer.js';
import { writeSafetensors } from '../../dist/bert/weights/safetensors.js';
import { Benchmark, folder } from '../harness/benchmark.mjs';
import { colaFile, vocabularyFolder } from '../harness/cola.mjs';
import { seesProcesses } from '../harness/programs.mjs';
import { MODEL_NAMES } from '../harness/random-model.mjs';
import { measureLoading } from './loading.mjs';
import { measureManyClients } from './many-clients.mjs';
import { measureOneClient } from './one-client.mjs';
import { baseModelOf, prepareBaseModels, trainModels } from './preparation.mjs';
import { reachAgainstPyTorch, servingTables } from './report.mjs';
import { benchmarkTexts, DistinctSentences } from './sentences.mjs';
import { measureSoak } from './soak.mjs';
import { measureDuringTraining } from './training.mjs';

/** Shared by all works: the service, ONNX Runtime alone, and PyTorch behind FastAPI. */
export class ServingBenchmark extends Benchmark {
  measures = {
    oneClient: (work) => measureOneClient(this, work),
    manyClients: (work) => measureManyClients(this, work),
    duringTraining: (work) => measureDuringTraining(this, work),
    loading: (work) => measureLoading(this, work),
    soak: (work) => measureSoak(this, work),
  };
  peerModules = ['fastapi', 'uvicorn'];
  table = servingTables;
  models = {};
  reachAgainstPyTorch = reachAgainstPyTorch(this.machine.instructions);
  random = uniform(1);
  /** Known results of 64 clients, by shape, in sentences per second. */
  perSecond = {};

  constructor(options, works) {
    super(options, works);
    this.threads = Number(options.threads ?? availableCores());
    this.peerArgs = options.compile ? ['--compile'] : [];
    this.shapes = [...new Set(works.map(({ shape }) => shape))];
    this.dataFolder = join(folder, 'serving-data');
    this.baseModels = join(folder, 'serving-base-models');
    const vocabulary = vocabularyFolder(options);
    prepareBaseModels(this.baseModels, this.shapes, {
      vocabulary: vocabulary && join(vocabulary, 'vocab.txt'),
      library: { writeSafetensors, statelessPhilox },
    });
    const baseModel = join(this.baseModels, baseModelOf(this.shapes[0]));
    this.tokenizer = Tokenizer.fromFolder(baseModel);
    const { texts, source } = benchmarkTexts({
      // Without BERT's vocabulary the tokenizer does not know CoLA's words.
      file: vocabulary ? colaFile(options) : '',
      vocabularyFile: join(baseModel, 'vocab.txt'),
      count: 8_000,
      random: this.random,
    });
    this.sentences = new DistinctSentences(texts, this.random);
    this.tell(
      `${source === 'CoLA' ? "CoLA's sentences" : 'Invented sentences, as long as those of CoLA'}; ${this.threads} threads; ` +
        `the processor has ${this.machine.instructions.join(', ') || 'extensions that the system does not tell'}.`,
    );
  }

  /** Settings of every service, so that only requested work is measured. */
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

  /** Returns the token ids of sentences, as the service encodes them. */
  encode(sentences) {
    return sentences.map((sentence) => this.tokenizer.encode(sentence, 512).tokenIds);
  }

  /** Returns the fields of a request besides its sentence. */
  fields(shape, precision) {
    const { alias, precisions } = this.models[shape];
    // A service without int8 does not know the field `precision` either.
    return { model: alias, ...(precisions.length > 1 && { precision }) };
  }

  /** @returns {boolean} whether the system reports the resources of processes. Prints a note if not */
  seesProcesses(name) {
    if (!seesProcesses) this.leaveOut(name, 'the system does not tell the memory of processes; Linux does');
    return seesProcesses;
  }
}

function uniform(seed) {
  const random = statelessPhilox(seed, 0);
  return () => random.nextFloat();
}
