import { MODEL_NAMES } from '../harness/random-model.mjs';
import { chosenWorks, readOptions } from '../harness/options.mjs';

/**
 * The serving measurements. `measure` sets their size, `quick` the size with --quick. Sides take turns for
 * `rounds`, each with `sentences` for every side. With 64 clients, a turn has as many sentences as ours
 * computes in `turnSeconds`, but at least `sentences`. Before that, each side gets `warmup` sentences, so
 * that hot code has been compiled.
 */
const ONE_CLIENT = {
  kind: 'oneClient',
  name: 'one sentence, one client',
  measure: { rounds: 20, sentences: 51, warmup: 1024 },
  quick: { rounds: 5, sentences: 25, warmup: 64 },
};

const MANY_CLIENTS = {
  kind: 'manyClients',
  name: '64 clients',
  clients: 64,
  measure: { rounds: 6, turnSeconds: 10, sentences: 1024, warmup: 1024 },
  quick: { rounds: 2, turnSeconds: 3, sentences: 512, warmup: 256 },
};

const works = [
  { ...ONE_CLIENT, shape: 'base' },
  { ...MANY_CLIENTS, shape: 'base' },
  {
    kind: 'duringTraining',
    name: 'while BERT-base trains',
    shape: 'base',
    measure: { seconds: 120, sentences: 1000 },
    quick: { seconds: 20, sentences: 200 },
  },
  {
    kind: 'loading',
    name: 'loading',
    shape: 'base',
    measure: { starts: 5, sentences: 1024 },
    quick: { starts: 2, sentences: 512 },
  },
  {
    kind: 'soak',
    name: 'at 80 % load',
    shape: 'base',
    clients: 64,
    load: 0.8,
    measure: { seconds: 600, sentences: 1024 },
    quick: { seconds: 20, sentences: 512 },
  },
  { ...ONE_CLIENT, shape: 'minilm' },
  { ...MANY_CLIENTS, shape: 'minilm' },
].map((work) => ({ ...work, name: `${MODEL_NAMES[work.shape]}, ${work.name}` }));

export const workNames = works.map(({ name }) => name);

/** @throws Error with the usage text */
export function readServingOptions(args) {
  return readOptions(args, 'npm run bench:serving', {
    quick: { text: 'under five minutes, once everything is installed: fewer requests, a short soak' },
    cola: {
      text: 'folder with in_domain_train.tsv (default: ../shared/data/cola); without it, sentences of the same lengths are invented',
    },
    tokenizer: {
      text: "folder with BERT's uncased vocabulary (default: a stored base model; without it, sentences are invented)",
    },
    threads: { text: 'threads that compute, of all sides (default: as many as the process may use cores)' },
    compile: {
      ...{ type: 'boolean', default: false },
      text: 'PyTorch with torch.compile, which needs a C++ compiler and a minute',
    },
  });
}

/**
 * With --quick, only those of BERT-base, unless others are requested.
 * @param {{quick: boolean, only: string[]}} options
 */
export function chosenServingWorks(options) {
  return chosenWorks(works, options, { byDefault: ({ shape }) => !options.quick || shape === 'base' });
}
