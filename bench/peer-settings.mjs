// node bench/peer-settings.mjs --python PATH --model DIR --data FILE [--rounds 6] [--steps 3] [--only NAME …]
//
// Which settings let PyTorch train fastest on this machine: the same steps under each of them, in turn. What is best is the default of
// peers/torch_training.py and in peer.mjs. MODEL and FILE are those of our-training.mjs.
import { parseArgs } from 'node:util';
import { HUGE_PAGES, KEEPS_MEMORY, PEER_PROGRAM } from './peer.mjs';
import { median } from './report.mjs';
import { inTurns, Program, watchOthers } from './turns.mjs';

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
const sides = chosen.map(([name, { args = [], environment }]) => ({
  program: new Program(
    name,
    options.python,
    [PEER_PROGRAM, '--model', options.model, '--data', options.data, ...threads, ...args],
    environment,
  ),
  warmup: 3,
  steps: Number(options.rounds) * Number(options.steps),
}));
const disturbance = watchOthers();
const results = await inTurns(sides, { rounds: Number(options.rounds) });
const disturbed = disturbance(sides.map((side) => side.program));
console.log('| settings | median ms a step | fastest | peak MiB |\n| --- | --: | --: | --: |');
sides.forEach(({ program: { name, peakBytes } }, i) => {
  const milliseconds = results[i].map(({ seconds }) => 1000 * seconds);
  const [middle, least] = [median(milliseconds), Math.min(...milliseconds)].map((value) => value.toFixed(0));
  console.log(`| ${name} | ${middle} | ${least} | ${(peakBytes / 2 ** 20).toFixed(0)} |`);
});
if (disturbed) console.log(`\nNot to be trusted: ${disturbed}`);
await Promise.all(sides.map((side) => side.program.end()));
