import { parseArgs } from 'node:util';

const USAGE = `Usage: npm run bench:training [-- OPTIONS]

  --quick          under five minutes, once everything is installed: fewer steps, a smaller sample of CoLA
  --only WORDS     only the works whose name holds these words; may be given several times
  --gpu            on an NVIDIA GPU instead, in float32 and TF32; prepares TensorFlow for it (docs/gpu.md)
  --out FILE       writes the results as JSON too
  --python PATH    a Python with PyTorch and transformers; without it, a virtual environment is made under .engine/
  --cola DIR       folder with in_domain_train.tsv (default: ../shared/data/cola); without it, epochs are left out
  --tokenizer DIR  folder with BERT's uncased vocabulary (default: a base model that is stored, else all-MiniLM-L6-v2 is fetched)
  --threads N      threads of PyTorch (default: as many as TensorFlow takes, one a core)`;

/** @throws Error that says how to use it */
export function readOptions(args) {
  return readBenchOptions(args, USAGE, { gpu: { type: 'boolean', default: false } });
}

/**
 * What both benchmarks take, and what one takes besides.
 * @param {string[]} args
 * @param {string} usage
 * @param {import('node:util').ParseArgsConfig['options']} own
 * @throws Error that says how to use it
 */
export function readBenchOptions(args, usage, own) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        out: { type: 'string' },
        python: { type: 'string' },
        cola: { type: 'string' },
        tokenizer: { type: 'string' },
        threads: { type: 'string' },
        ...own,
      },
    });
    if (values.threads !== undefined && !/^[1-9]\d*$/.test(values.threads)) {
      throw new Error(`--threads is "${values.threads}", but must be a whole number.`);
    }
    return values;
  } catch (error) {
    throw new Error(`${error.message}\n\n${usage}`, { cause: error });
  }
}
