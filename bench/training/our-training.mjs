// node bench/training/our-training.mjs --model DIR --data FILE [--engine tensorflow|wasm] [--batch-size 32]
// [--seed 1] [--library DIR]
//
// Fine-tunes with the built library (dist/bert), a few steps at a time, so that another program can be timed
// in turn. Files, commands and answers are those of peers/torch_training.py. It times what a user gets: the
// steps of `fineTune`, from tokens to updated weights and a loss. FILE may hold `vocabulary` next to
// `training`: rows that no step sees, but whose pieces count as trained. This is for a `training` that is a
// sample of a larger set.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { openTraining, TRAINING_OPTIONS } from './our-steps.mjs';

const { values: options } = parseArgs({ options: TRAINING_OPTIONS });

const training = await openTraining(options);
const { name, description } = training.engine;
answer({ versions: { node: process.versions.node, [name]: description } });
for await (const line of createInterface({ input: process.stdin })) {
  answer(await training.steps(JSON.parse(line).steps));
}
await training.end();

function answer(message) {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const usage = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: maxRSS * 1024 };
  process.stdout.write(`${JSON.stringify({ ...message, ...usage })}\n`);
}
