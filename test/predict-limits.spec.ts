import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { PredictionsDto, ProblemDetails } from '../packages/client/src/index.js';
import { removeFolders, startService, until, type Service } from './support/service.js';
import { goldens, registerTinyModel } from './support/tiny-model.js';

const sentences = goldens.sentences.map(({ sentence }) => sentence);
const probability = (index: number) => goldens.forward.probabilities[index]![1];

let service: Service;

/** The service with the tiny model in production, which is loaded. */
async function start(environment: Record<string, string> = {}): Promise<void> {
  service = await startService(undefined, environment);
  await registerTinyModel(service.app);
  await until(async () => (await metric('wellformed_loaded_models')) === 1);
}

afterEach(() => service.stop());
afterAll(removeFolders);

const metric = async (name: string) => (await service.client.metric(name)) ?? 0;

const outcome = (name: string) =>
  metric(`wellformed_predictions_total{outcome="${name}",alias="production"}`);
const computed = () => metric('wellformed_inference_batch_sentences_sum');
const waiting = () => metric('wellformed_prediction_queue_length');

function timing(response: Response): Record<string, number> {
  const entries = response.headers.get('server-timing')!.split(', ');
  return Object.fromEntries(
    entries.map((entry) => {
      const [name, value] = entry.split(/;(?:dur|desc)=/) as [string, string];
      return [name, Number(value)];
    }),
  );
}

describe('many clients', () => {
  it('get their own answers, from batches that they share', async () => {
    await start();
    const client = async (k: number) => {
      for (let i = 0; i < 6; i++) {
        const at = (7 * k + i) % sentences.length;
        if (k % 4 === 0) {
          const answer = await service.client.judge([...sentences.slice(at), `The cat sat ${k}.`]);
          expect(answer.predictions).toHaveLength(sentences.length - at + 1);
          answer.predictions.slice(0, -1).forEach(({ score }, j) => {
            expect(Math.abs(score - probability(at + j))).toBeLessThan(1e-5);
          });
        } else {
          const { score } = await service.client.judge(sentences[at]!);
          expect(Math.abs(score - probability(at))).toBeLessThan(1e-5);
        }
      }
    };
    await Promise.all(Array.from({ length: 32 }, (_, k) => client(k)));
    const batches = await metric('wellformed_inference_batch_sentences_count');
    expect(batches).toBeGreaterThan(0);
    // Some waited while others were computed, and then went together.
    expect(await computed()).toBeGreaterThan(1.2 * batches);
    expect(await metric('wellformed_prediction_queue_seconds_count')).toBe(32 * 6);
    expect(await waiting()).toBe(0);
  });

  it('are told where the time went', async () => {
    await start();
    const response = await service.client.request('POST', '/predict', { sentence: sentences[0] });
    const { tokenization, queue, inference, total, tokens, batch } = timing(response);
    expect({ tokens, batch }).toEqual({ tokens: goldens.sentences[0]!.tokenIds.length, batch: 1 });
    expect(inference).toBeGreaterThan(0);
    expect(tokenization! + queue! + inference!).toBeLessThanOrEqual(total!);
    const many = await service.client.request('POST', '/predict', { sentences: sentences.slice(0, 3) });
    expect(timing(many)).toMatchObject({
      tokens: goldens.sentences.slice(0, 3).reduce((sum, { tokenIds }) => sum + tokenIds.length, 0),
      batch: 3,
    });
  });
});

// Sentences are made to wait: a batch that is not full waits for company.
const waits = { WELLFORMED_PREDICT_MAX_WAIT: '2 s', WELLFORMED_PREDICT_BATCH_TOKENS: '4096' };

describe('a sentence that waits for company', () => {
  it('is computed together with those that come', async () => {
    await start({ ...waits, WELLFORMED_PREDICT_MAX_WAIT: '300 ms' });
    const first = service.client.request('POST', '/predict', { sentence: sentences[0] });
    await until(async () => (await waiting()) === 1);
    const second = service.client.request('POST', '/predict', { sentences: sentences.slice(1, 3) });
    expect((await Promise.all([first, second])).map((response) => timing(response).batch)).toEqual([3, 3]);
    expect(await metric('wellformed_inference_batch_sentences_count')).toBe(1);
  });
});

describe('a full queue', () => {
  it('refuses singles and batches with 429 and says when to come again', async () => {
    await start({ ...waits, WELLFORMED_PREDICT_QUEUE: '4' });
    const taken = service.client.judge(sentences.slice(0, 4));
    await until(async () => (await waiting()) === 4);
    for (const body of [{ sentence: sentences[4] }, { sentences: sentences.slice(4, 7) }]) {
      const response = await service.client.request('POST', '/predict', body);
      expect(response.status).toBe(429);
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      const problem = (await response.json()) as ProblemDetails & { type: string };
      expect(problem).toMatchObject({ status: 429, type: 'urn:problem-type:wellformed:too-many-requests' });
      expect(problem.detail).toMatch(/^4 sentences are already waiting .* again in \d+ s\.$/);
    }
    expect(await outcome('refused')).toBe(4);
    expect((await taken).predictions).toHaveLength(4);
    await service.client.judge(sentences[4]!);
    expect(await computed()).toBe(5);
  });
});

describe('the deadline', () => {
  it('is a 503 that says why, and the sentences are not computed', async () => {
    await start({ ...waits, WELLFORMED_PREDICT_DEADLINE: '150 ms' });
    const response = await service.client.request('POST', '/predict', { sentences });
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const problem = (await response.json()) as ProblemDetails & { type: string };
    expect(problem.type).toBe('urn:problem-type:wellformed:deadline-exceeded');
    expect(problem.detail).toContain('after 0.15 s');
    expect(await outcome('overdue')).toBe(sentences.length);
    expect(await waiting()).toBe(0);
    // Nothing is left that would be computed when the wait for company ends.
    await new Promise((resolve) => setTimeout(resolve, 2200));
    expect(await computed()).toBe(0);
  });
});

describe('a client that leaves', () => {
  it('has its sentences forgotten, and nobody else suffers', async () => {
    await start({ ...waits, WELLFORMED_PREDICT_MAX_WAIT: '1 s' });
    const client = new AbortController();
    const url = `${await service.app.getUrl()}/predict`;
    const leaving = fetch(url, {
      method: 'POST',
      body: JSON.stringify({ sentences: sentences.slice(0, 5) }),
      headers: { 'content-type': 'application/json' },
      signal: client.signal,
    });
    await until(async () => (await waiting()) === 5);
    // Asks for one of the same.
    const staying = service.client.judge(sentences[0]!);
    await until(async () => (await waiting()) === 6);
    client.abort();
    await expect(leaving).rejects.toThrow('abort');
    await until(async () => (await outcome('abandoned')) === 5);
    expect(await waiting()).toBe(1);
    expect(Math.abs((await staying).score - probability(0))).toBeLessThan(1e-5);
    expect(await computed()).toBe(1);
  });
});

describe('the cache', () => {
  it('remembers judgements where it is asked to', async () => {
    await start({ WELLFORMED_PREDICT_CACHE: '100' });
    const ask = () => service.client.request('POST', '/predict', { sentences: sentences.slice(0, 4) });
    const first = (await (await ask()).json()) as PredictionsDto;
    expect(await computed()).toBe(4);
    const second = await ask();
    expect(timing(second)).toMatchObject({ tokens: 0, batch: 0 });
    expect(await second.json()).toEqual(first);
    const mixed = await service.client.request('POST', '/predict', { sentences: sentences.slice(2, 6) });
    const { predictions } = (await mixed.json()) as PredictionsDto;
    predictions.forEach(({ score }, i) => expect(Math.abs(score - probability(2 + i))).toBeLessThan(1e-5));
    expect(await computed()).toBe(6);
  });

  it('is off otherwise', async () => {
    await start();
    for (let i = 0; i < 2; i++) await service.client.judge(sentences[0]!);
    expect(await computed()).toBe(2);
  });
});
