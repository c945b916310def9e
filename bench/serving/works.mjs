/**
 * What is measured of serving. `measure` says how much, `quick` how much with --quick. Sides take turns: so many `rounds`, each with so many
 * `sentences` for every side (for 64 clients: as many as take ours so many `turnSeconds`, but at least so many). Before them each side has
 * `warmup` sentences: a server is measured as it is after a while, when the code that runs often has been compiled.
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

const WORKS = [
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
];

/** What people call the shapes of random-model.mjs. */
export const MODEL_NAMES = { base: 'BERT-base', minilm: 'MiniLM-L6', tiny: 'a tiny model' };

/**
 * The works whose name holds one of the words, or all of them; with --quick those of BERT-base, unless others are asked for.
 * @param {{quick: boolean, only: string[]}} options
 */
export function chosenServingWorks({ quick, only }) {
  return WORKS.map((work) => ({ ...work, name: `${MODEL_NAMES[work.shape]}, ${work.name}` }))
    .filter(({ name, shape }) =>
      only.length === 0 ? !quick || shape === 'base' : only.some((words) => name.includes(words)),
    )
    .map((work) => ({ ...work, measure: quick ? work.quick : work.measure }));
}
