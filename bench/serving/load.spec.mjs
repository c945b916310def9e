import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { closedLoop, openLoop } from './load.mjs';

const seen = [];
let most = 0;
let under = 0;
const server = createServer(async (request, response) => {
  most = Math.max(most, ++under);
  let text = '';
  for await (const chunk of request) text += chunk;
  const { sentence, model } = JSON.parse(text);
  await new Promise((resolve) => setTimeout(resolve, 2));
  seen.push(`${request.method} ${request.url} ${sentence} ${model}`);
  under--;
  response.statusCode = sentence === 'bad' ? 500 : 200;
  response.setHeader('Server-Timing', 'queue;dur=1.5, inference;dur=12.25, total;dur=15');
  response.end('{}');
});
let url;

beforeAll(async () => {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${server.address().port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const body = (sentence) => ({ sentence, model: 'm' });

it('sends each sentence once, over as many connections as there are clients', async () => {
  const sentences = Array.from({ length: 40 }, (_, i) => `s${i}`);
  const answers = await closedLoop({ url, clients: 4, sentences, body });
  expect([...seen.splice(0)].sort()).toEqual(sentences.map((s) => `POST /predict ${s} m`).sort());
  expect(most).toBe(4);
  expect(answers.milliseconds).toHaveLength(40);
  expect(answers.inferenceMilliseconds).toEqual(Array(40).fill(12.25));
  expect(answers.perSecond).toBeGreaterThan(0);
});

it('fails where an answer is no success', async () => {
  await expect(closedLoop({ url, clients: 1, sentences: ['good', 'bad'], body })).rejects.toThrow(
    /1 requests to http.* failed, the first: 500/,
  );
  seen.length = 0;
});

it('sends at the times that chance gives, and counts what fails', async () => {
  const waiting = ['x', 'bad', 'y'];
  const asked = { url, perSecond: 50, seconds: 0.07, body, random: () => 1 - Math.exp(-1) };
  const result = await openLoop({ ...asked, sentence: () => waiting.shift() });
  expect(result.sent).toBe(3);
  expect(result.errors).toEqual([expect.stringMatching(/^500/)]);
  expect(result.milliseconds).toHaveLength(2);
});
