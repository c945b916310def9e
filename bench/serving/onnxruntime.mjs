// node bench/serving/onnxruntime.mjs --model FILE.onnx --threads N --tokens-per-batch N
//
// ONNX Runtime alone: no HTTP, no queue, no separate thread. It reads lines of JSON and answers each with one
// line. {"single": [[ids], …]} computes one sentence after another. {"ideal": [[ids], …]} computes all of
// them in batches of similar length, within the budget of the service's batches. The answer has the seconds
// of each.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { packInputs } from '../../dist/bert/serving/packed-inputs.js';
import { batchCost } from '../../dist/bert/serving/waiting-line.js';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    threads: { type: 'string' },
    'tokens-per-batch': { type: 'string', default: '512' },
  },
});

// The settings of the service. Everything else is ONNX Runtime's default.
const session = await InferenceSession.create(options.model, {
  executionProviders: ['cpu'],
  intraOpNumThreads: Number(options.threads),
  interOpNumThreads: 1,
  logSeverityLevel: 4,
});
answer({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const { single, ideal } = JSON.parse(line);
  const batches = single?.map((sentence) => [sentence]) ?? idealBatches(ideal);
  const started = performance.now();
  const seconds = [];
  const logits = [];
  for (const batch of batches) {
    const begun = performance.now();
    logits.push(...(await compute(batch)));
    seconds.push((performance.now() - begun) / 1000);
  }
  const last = batches.at(-1);
  answer({
    seconds,
    totalSeconds: (performance.now() - started) / 1000,
    sentences: batches.map(({ length }) => length),
    // The last sentence and its logits, to check that all sides compute the same.
    last: { tokenIds: last.at(-1), logits: logits.slice(-2) },
  });
}
await session.release();

/** @returns {Promise<Float32Array>} [sentences, 2] */
async function compute(batch) {
  const { inputIds, attentionMask, shape } = packInputs(
    Int32Array.from(batch.flat()),
    Int32Array.from(batch, (tokenIds) => tokenIds.length),
  );
  const { logits } = await session.run({
    input_ids: new Tensor('int64', inputIds, shape),
    attention_mask: new Tensor('int64', attentionMask, shape),
  });
  return logits.data;
}

/** Makes batches in order of length. Each is as large as the budget allows. */
function idealBatches(sentences) {
  const budget = Number(options['tokens-per-batch']);
  const batches = [[]];
  let tokens = 0;
  for (const sentence of [...sentences].sort((a, b) => a.length - b.length)) {
    const batch = batches.at(-1);
    const padded = (batch.length + 1) * sentence.length;
    if (batch.length > 0 && batchCost(tokens + sentence.length, padded) > budget) {
      batches.push([sentence]);
      tokens = sentence.length;
    } else {
      batch.push(sentence);
      tokens += sentence.length;
    }
  }
  return batches;
}

function answer(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
