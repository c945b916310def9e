import { readBenchOptions } from '../options.mjs';

const USAGE = `Usage: npm run bench:serving [-- OPTIONS]

  --quick          under five minutes, once everything is installed: fewer requests, a short soak
  --only WORDS     only the works whose name holds these words; may be given several times
  --out FILE       writes the results as JSON too
  --python PATH    a Python with PyTorch, transformers, FastAPI and uvicorn; without it, a virtual environment is made under .engine/
  --cola DIR       folder with in_domain_train.tsv (default: ../shared/data/cola); without it, sentences of the same lengths are invented
  --tokenizer DIR  folder with BERT's uncased vocabulary (default: a base model that is stored; without it, sentences are invented)
  --threads N      threads that compute, of all sides (default: as many as the process may use cores)
  --compile        PyTorch with torch.compile, which needs a C++ compiler and a minute`;

/** @throws Error that says how to use it */
export function readServingOptions(args) {
  return readBenchOptions(args, USAGE, { compile: { type: 'boolean', default: false } });
}
