/*
 * Skeleton of a route's test: copy it to test/NAME.spec.ts, and write `./` for `../../` in the imports. Once `src/app.module.ts` lists
 * the module, leave it out of `startService`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newApiKey } from '../../support/api-keys.js';
import { removeFolders, startService, type Service } from '../../support/service.js';
import { WordCountsModule } from './word-counts.module.js';

const predict = newApiKey('pupil', 'predict');
const train = newApiKey('teacher', 'train');

describe('POST /word-counts', () => {
  // The whole service, on a port of its own: the request passes everything that it will pass in production.
  let service: Service;
  beforeAll(async () => {
    const settings = { WELLFORMED_API_KEYS: `${predict.entry}, ${train.entry}`, WELLFORMED_ENGINE: 'wasm' };
    service = await startService(undefined, settings, [WordCountsModule]);
  });
  afterAll(async () => {
    await service.stop();
    removeFolders();
  });

  const post = (body: unknown, headers: Record<string, string> = predict.headers) =>
    service.client.request('POST', '/word-counts', body, headers);

  it('counts the words of a sentence', async () => {
    const response = await post({ sentence: 'The birds sang.' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ words: 3, longest: 'birds' });
  });

  // Each error: its status, where it is, and what it advises.
  it.each([
    [{}, 'sentence must be a string'],
    [{ sentence: 'x'.repeat(10_001) }, 'sentence may have at most 10,000 characters'],
    [{ sentence: '…' }, 'Send a sentence with at least one letter'],
  ])('refuses %o', async (body, advice) => {
    const { errors } = await service.client.problem(422, 'POST', '/word-counts', body, predict.headers);
    expect(errors).toEqual([{ pointer: '#/sentence', message: expect.stringContaining(advice) as string }]);
  });

  it('refuses a body that is not JSON', async () => {
    const problem = await service.client.problem(400, 'POST', '/word-counts', '{', {
      ...predict.headers,
      'content-type': 'application/json',
    });
    expect(problem.detail).toContain('JSON');
  });

  it.each([
    ['without a key', 401, {}],
    ['with a key of another scope', 403, train.headers],
  ])('is not open %s', async (_, status, headers) => {
    expect((await post({ sentence: 'We go.' }, headers as Record<string, string>)).status).toBe(status);
  });
});
