import { parseArgs } from 'node:util';

/** Options of every comparison with PyTorch. `value` and `text` are for the usage text, the rest is for `parseArgs`. */
const COMMON = {
  quick: { type: 'boolean', default: false, text: 'under five minutes, once everything is installed' },
  only: {
    ...{ type: 'string', multiple: true, default: [], value: 'WORDS' },
    text: 'only the works whose name holds these words; may be given several times',
  },
  out: { type: 'string', value: 'FILE', text: 'writes the results as JSON too' },
  python: {
    ...{ type: 'string', value: 'PATH' },
    text: 'a Python with what bench/peers/requirements.txt lists; without it, a virtual environment is made under .engine/',
  },
  cola: {
    ...{ type: 'string', value: 'DIR' },
    text: 'folder with in_domain_train.tsv (default: ../shared/data/cola)',
  },
  tokenizer: {
    ...{ type: 'string', value: 'DIR' },
    text: "folder with BERT's uncased vocabulary (default: a stored base model)",
  },
  threads: { type: 'string', value: 'N', text: 'threads that compute (default: one a core)' },
};

/**
 * @param {string[]} args
 * @param {string} command such as `npm run bench:training`
 * @param {Record<string, object>} own options of one benchmark, and its changes to the common ones
 * @throws Error with the usage text
 */
export function readOptions(args, command, own) {
  const options = { ...COMMON };
  for (const [name, option] of Object.entries(own)) options[name] = { ...COMMON[name], ...option };
  try {
    const { values } = parseArgs({ args, options });
    if (values.threads !== undefined && !/^[1-9]\d*$/.test(values.threads)) {
      throw new Error(`--threads is "${values.threads}", but must be a whole number above 0.`);
    }
    return values;
  } catch (error) {
    throw new Error(`${error.message}\n\n${usage(command, options)}`, { cause: error });
  }
}

function usage(command, options) {
  const lines = Object.entries(options).map(([name, { value, text }]) => [
    value ? `--${name} ${value}` : `--${name}`,
    text,
  ]);
  const width = Math.max(...lines.map(([flag]) => flag.length));
  return [
    `Usage: ${command} [-- OPTIONS]\n`,
    ...lines.map(([flag, text]) => `  ${flag.padEnd(width)}  ${text}`),
  ].join('\n');
}

/**
 * Returns the works that `--only` names, or the default ones. Each has `measure`, the amount that is
 * measured. `--quick` makes it smaller.
 * @template {{name: string, measure: object, quick: object}} Work
 * @param {Work[]} works
 * @param {{quick: boolean, only: string[]}} options
 * @param {object} [choice]
 * @param {(work: Work) => (string | undefined)[]} [choice.names] all names that `--only` may use for a work
 * @param {(work: Work) => boolean} [choice.byDefault]
 * @returns {Work[]}
 */
export function chosenWorks(
  works,
  { quick, only },
  { names = ({ name }) => [name], byDefault = () => true } = {},
) {
  const isNamed = (work) => names(work).some((name) => name && only.some((words) => name.includes(words)));
  return works
    .filter(only.length === 0 ? byDefault : isNamed)
    .map((work) => ({ ...work, measure: quick ? work.quick : work.measure }));
}
