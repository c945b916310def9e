// node bench/serving/node-http.mjs --model FOLDER --precision fp32|int8 --threads N
//
// The smallest possible server in Node: node:http, the tokenizer and the inference thread. It has no
// framework, queue, batches, validation, metrics or registry. Any further cost of HTTP is the service's.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { graphFiles } from '../../dist/bert/onnx/precisions.js';
import { InferenceThread } from '../../dist/bert/serving/inference-thread.js';
import { Tokenizer } from '../../dist/bert/tokenizer/tokenizer.js';

const { values: options } = parseArgs({
  options: { model: { type: 'string' }, precision: { type: 'string' }, threads: { type: 'string' } },
});
const tokenizer = Tokenizer.fromFolder(options.model);
const thread = await InferenceThread.start({
  modelPath: join(options.model, graphFiles[options.precision]),
  threads: Number(options.threads),
});
const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (part) => (text += part));
  request.on('end', async () => {
    const { tokenIds } = tokenizer.encode(JSON.parse(text).sentence, 512);
    const { logits } = await thread.run([tokenIds]);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ score: 1 / (1 + Math.exp(logits[0] - logits[1])) }));
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
process.stdin.resume().on('end', async () => {
  server.close();
  await thread.close();
  process.exit();
});
