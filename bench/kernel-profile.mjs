// node bench/kernel-profile.mjs --model DIR --data FILE [--engine tensorflow|wasm] [--steps 10] [--shapes]
//
// Shows where the time of a training step goes: how often a step calls each kernel of the engine, and for how
// long. The kernels of native TensorFlow are its ops, which are called one after another and awaited. Those
// of wasm are TF.js's. MODEL and FILE are those of training/our-training.mjs. `npm run bench:training` leaves
// some under .engine/bench/. With --shapes, calls are listed by the shapes of their inputs.
import { engine as tfjs, getKernelsForBackend } from '@tensorflow/tfjs-core';
import { parseArgs } from 'node:util';
import { markdownTable } from './harness/report.mjs';
import { openTraining, TRAINING_OPTIONS } from './training/our-steps.mjs';

const { values: options } = parseArgs({
  options: {
    ...TRAINING_OPTIONS,
    steps: { type: 'string', default: '10' },
    warmup: { type: 'string', default: '5' },
    shapes: { type: 'boolean', default: false },
  },
});

/** name → calls and milliseconds of the counted steps */
const kernels = new Map();
/** Milliseconds of the kernels that the running one has called. Their time counts for them only. */
let inner = 0;
const count = Number(options.steps);
const training = await openTraining(options);
if (training.engine.name === 'tensorflow') watchOps();
else watchKernels();
await training.steps(Number(options.warmup));
kernels.clear();
const { seconds } = await training.steps(count);
const lines = [...kernels].map(([kernel, { calls, milliseconds }]) => ({
  kernel,
  calls: calls / count,
  milliseconds: milliseconds / count,
}));
lines.sort((a, b) => b.milliseconds - a.milliseconds);
await training.end();

const step = (seconds.reduce((sum, value) => sum + value, 0) / count) * 1000;
const inKernels = lines.reduce((sum, line) => sum + line.milliseconds, 0);
const allCalls = lines.reduce((sum, line) => sum + line.calls, 0);
const cellsOf = (name, calls, milliseconds) => [
  name,
  Number.isInteger(calls) ? String(calls) : calls.toFixed(1),
  milliseconds.toFixed(2),
  `${((100 * milliseconds) / step).toFixed(1)} %`,
];
const cells = [
  ...lines.map(({ kernel, calls, milliseconds }) => cellsOf(kernel, calls, milliseconds)),
  cellsOf('JavaScript and everything between kernels', allCalls, step - inKernels),
  cellsOf('the whole step', allCalls, step),
];
console.log(markdownTable(['kernel', 'calls a step', 'ms a step', 'share'], cells, [1, 2, 3]));

/** TensorFlow's ops go through one function of the addon, which returns when the op has ended. */
function watchOps() {
  const backend = tfjs().backend;
  const { binding } = backend;
  const shapes = new Map();
  const nameOf = (op, attributes, inputs) => {
    if (!options.shapes) return op;
    const flags = attributes.filter(({ name, value }) => value === true && /^(transpose|adj)_/.test(name));
    return [op, ...inputs.map((id) => `[${shapes.get(id) ?? ''}]`), ...flags.map(({ name }) => name)].join(
      ' ',
    );
  };
  const watched = {
    executeOp(op, attributes, inputs, outputs) {
      const results = timed(nameOf(op, attributes, inputs), () =>
        binding.executeOp(op, attributes, inputs, outputs),
      );
      for (const { id, shape } of results) shapes.set(id, shape);
      return results;
    },
    createTensor(shape, ...rest) {
      const id = timed('(handing numbers over)', () => binding.createTensor(shape, ...rest));
      shapes.set(id, shape);
      return id;
    },
    tensorDataSync: (id) => timed('(reading numbers back)', () => binding.tensorDataSync(id)),
    deleteTensor(id) {
      shapes.delete(id);
      return timed('(letting go of tensors)', () => binding.deleteTensor(id));
    },
  };
  // The addon's own properties cannot be written.
  backend.binding = Object.create(binding, Object.getOwnPropertyDescriptors(watched));
}

function watchKernels() {
  for (const config of getKernelsForBackend(training.engine.name)) {
    const { kernelFunc, kernelName } = config;
    config.kernelFunc = (call) => {
      const shapes = Object.values(call.inputs)
        .flat()
        .map((input) => `[${input?.shape ?? ''}]`);
      return timed(options.shapes ? [kernelName, ...shapes].join(' ') : kernelName, () => kernelFunc(call));
    };
  }
}

function timed(name, run) {
  const outer = inner;
  inner = 0;
  const started = performance.now();
  try {
    return run();
  } finally {
    const milliseconds = performance.now() - started;
    const entry = kernels.get(name) ?? { calls: 0, milliseconds: 0 };
    entry.calls++;
    entry.milliseconds += milliseconds - inner;
    kernels.set(name, entry);
    inner = outer + milliseconds;
  }
}
