// node bench/peer-settings.mjs --python PATH --model DIR --data FILE [--rounds 6] [--steps 3] [--only NAME …]
//
// Finds the settings with which PyTorch trains fastest on this machine: it runs the same steps under each of
// them, in turn. The best ones are the defaults of peers/torch_training.py and harness/peer.mjs. MODEL and
// FILE are those of training/our-training.mjs.
import { parseArgs } from 'node:util';
import { KEEPS_MEMORY } from './harness/peer.mjs';
import { markdownTable } from './harness/report.mjs';
import { median } from './harness/statistics.mjs';
import { watchTurns } from './harness/turns.mjs';
import { peerTraining, timeSteps } from './training/programs.mjs';

const HUGE_PAGES = 'glibc.malloc.hugetlb=1';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string' },
    model: { type: 'string' },
    data: { type: 'string' },
    threads: { type: 'string' },
    rounds: { type: 'string', default: '6' },
    steps: { type: 'string', default: '3' },
    only: { type: 'string', multiple: true },
  },
});

const settings = {
  'sdpa, fused AdamW': {},
  'eager attention': { args: ['--attention', 'eager'] },
  'foreach AdamW': { args: ['--optimizer', 'foreach'] },
  'AdamW, a parameter at a time': { args: ['--optimizer', 'loop'] },
  'torch.compile': { args: ['--compile', 'static'] },
  'torch.compile, malloc keeps memory': {
    args: ['--compile', 'static'],
    environment: { GLIBC_TUNABLES: KEEPS_MEMORY },
  },
  'malloc keeps memory': { environment: { GLIBC_TUNABLES: KEEPS_MEMORY } },
  'threads sleep at once': { environment: { OMP_WAIT_POLICY: 'PASSIVE' } },
  'malloc with huge pages': { environment: { GLIBC_TUNABLES: HUGE_PAGES } },
  'malloc with both': { environment: { GLIBC_TUNABLES: `${HUGE_PAGES}:${KEEPS_MEMORY}` } },
};

const chosen = Object.entries(settings).filter(([name]) => !options.only || options.only.includes(name));
const threads = options.threads ? ['--threads', options.threads] : [];
const rounds = Number(options.rounds);
const { python, model, data } = options;
const sides = chosen.map(([name, { args = [], environment = {} }]) => ({
  program: peerTraining(python, { name, model, data, args: [...threads, ...args], environment }),
  warmup: 3,
  steps: rounds * Number(options.steps),
}));
const programs = sides.map(({ program }) => program);
const disturbances = watchTurns('settings', programs);
const results = await timeSteps(sides, { rounds });
const remarks = disturbances();
const cells = programs.map(({ name, peakBytes }, i) => {
  const milliseconds = results[i].map(({ seconds }) => 1000 * seconds);
  return [
    name,
    ...[median(milliseconds), Math.min(...milliseconds), peakBytes / 2 ** 20].map((value) =>
      value.toFixed(0),
    ),
  ];
});
console.log(markdownTable(['settings', 'median ms a step', 'fastest', 'peak MiB'], cells, [1, 2, 3]));
for (const remark of remarks) console.log(`\nNot to be trusted: ${remark}`);
await Promise.all(programs.map((program) => program.end()));
