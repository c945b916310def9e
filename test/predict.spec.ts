import { truncateSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PredictionDto, ProblemDetails } from '../packages/client/src/index.js';
import { LoadedModels } from '../src/predictions/serving/loaded-models.js';
import { problemOf } from './support/http.js';
import { removeFolders, startService, type Service } from './support/service.js';
import { goldens, registerTinyModel } from './support/tiny-model.js';

const sentences = goldens.sentences.map(({ sentence }) => sentence);
const probability = (index: number) => goldens.forward.probabilities[index]![1];
const form = { 'content-type': 'application/x-www-form-urlencoded' };

let service: Service;
let production: string;

beforeAll(async () => {
  service = await startService();
  production = (await registerTinyModel(service.app, { name: 'Tiny' })).id;
});

afterAll(async () => {
  await service.stop();
  removeFolders();
});

async function predict(body: unknown, headers?: Record<string, string>, query = ''): Promise<PredictionDto> {
  const response = await service.client.request('POST', `/predict${query}`, body, headers);
  expect(response.status).toBe(200);
  return (await response.json()) as PredictionDto;
}

async function refusal(status: number, body: unknown, headers?: Record<string, string>, query = '') {
  const response = await service.client.request('POST', `/predict${query}`, body, headers);
  const problem = (await response.json()) as ProblemDetails;
  expect(problem).toMatchObject({ status });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  return problem;
}

async function metric(line: RegExp): Promise<number> {
  const page = await (await service.client.request('GET', '/metrics')).text();
  return Number(new RegExp(`^${line.source} (\\S+)$`, 'm').exec(page)?.[1] ?? 0);
}

describe('without a model', () => {
  let empty: Service;
  beforeAll(async () => {
    empty = await startService();
  });
  afterAll(() => empty.stop());

  const refused = async (status: number, body: unknown, headers?: Record<string, string>) =>
    problemOf(await empty.client.request('POST', '/predict', body, headers), status);

  it('says how to train one', async () => {
    expect((await refused(409, { sentence: 'A cat sat.' })).detail).toContain('POST /train');
    expect((await refused(409, 'A cat sat.', form)).detail).toContain('/train');
    await refused(404, { sentence: 'A cat sat.', model: 'staging' });
  });

  it('says how to put one into production, where there is one', async () => {
    const { id } = await registerTinyModel(empty.app, { promote: 'never' });
    expect((await refused(409, { sentence: 'A cat sat.' })).detail).toContain('/aliases/production');
    await empty.client.api.models.delete({ path: { id } });
  });
});

describe('with a model in production', () => {
  it('judges sentences as PyTorch does, in their order', async () => {
    const answer = await service.client.judge(sentences);
    expect(answer.model).toEqual({
      id: production,
      name: 'Tiny',
      alias: 'production',
      precision: 'fp32',
    });
    expect(answer.predictions).toHaveLength(sentences.length);
    answer.predictions.forEach(({ acceptable, score, truncated }, i) => {
      expect(Math.abs(score - probability(i))).toBeLessThan(1e-4);
      expect(acceptable).toBe(probability(i) > 0.5);
      expect(truncated).toBe(false);
    });
    expect(new Set(answer.predictions.map(({ acceptable }) => acceptable)).size).toBe(2);
  });

  it('judges one sentence the same as JSON, as text and as what curl -d sends', async () => {
    const asJson = await predict({ sentence: sentences[0] });
    expect(Object.keys(asJson).sort()).toEqual([
      'acceptable',
      'calibratedScore',
      'model',
      'score',
      'truncated',
    ]);
    expect(Math.abs(asJson.score - probability(0))).toBeLessThan(1e-4);
    expect(await predict(sentences[0], { 'content-type': 'text/plain' })).toEqual(asJson);
    expect(await predict(sentences[0], { 'content-type': 'text/plain; charset=UTF-8' })).toEqual(asJson);
    expect(await predict(sentences[0], form)).toEqual(asJson);
    expect(await predict(`\n  ${sentences[0]}\n`, form)).toEqual(asJson);
  });

  it.each([
    '100% of the cats sat + slept.',
    'sentence=The cat&dog=x',
    'sentence',
    'a=b',
    '50% = half',
    '{ a cat }',
    '[sic] a cat',
    '"Sit", he said. 5 > 3',
    '"A cat sat."',
    'naïve café',
  ])('takes what curl -d sends as it stands: %s', async (sentence) => {
    expect(await predict(sentence, form)).toEqual(await predict({ sentence }));
    expect(await predict(sentence, { 'content-type': 'text/plain' })).toEqual(await predict({ sentence }));
  });

  it('reads the fields of a form as those of JSON', async () => {
    const sentence = `${sentences[1]} 5 + 5 & 100% é`;
    const asForm = (...fields: [string, string][]) => new URLSearchParams(fields).toString();
    const type = { 'content-type': 'Application/X-WWW-Form-URLEncoded; charset=UTF-8' };
    expect(await predict(asForm(['sentence', sentence]), form)).toEqual(await predict({ sentence }));
    expect(await predict(asForm(['sentence', sentence]), type)).toEqual(await predict({ sentence }));
    expect(await predict('sentence=The+cat+sat+on+the+mat.\n', form)).toEqual(
      await predict({ sentence: 'The cat sat on the mat.' }),
    );
    const options = {
      model: production,
      precision: 'fp32',
      threshold: 'default',
      logits: true,
      explain: true,
    };
    const texts = Object.entries(options).map(([name, value]): [string, string] => [name, String(value)]);
    expect(await predict(asForm(['sentence', sentence], ...texts), form)).toEqual(
      await predict({ sentence, ...options }),
    );
    const list = ['One, two.', '7'];
    const asList = await predict({ sentences: list });
    expect(await predict(asForm(['sentences', list[0]!], ['sentences', list[1]!]), form)).toEqual(asList);
    expect(await predict(asForm(['sentences', JSON.stringify(list)]), form)).toEqual(asList);
    expect(await predict(asForm(['sentences', list[0]!]), form)).toEqual(
      await predict({ sentences: [list[0]] }),
    );
    const pairs = [{ a: 'A cat sat.', b: 'A cat sit.' }];
    expect(await predict(asForm(['pairs', JSON.stringify(pairs)]), form)).toEqual(await predict({ pairs }));
  });

  it.each([
    ['nothing in it', 'sentence=', '#/sentence'],
    ['two of one', 'sentence=A+cat.&sentence=A+dog.', '#/sentence'],
    ['a bad option', 'sentence=A+cat.&logits=yes', '#/logits'],
    ['null', 'sentence=A+cat.&explain=null', '#/explain'],
    ['nothing to judge', 'model=production', '#/sentence'],
    ['another encoding', 'sentence=caf%E9', '#/sentence'],
    ['pairs that are no JSON', 'pairs=a&pairs=b', '#/pairs'],
    ['a bad one of a list', 'sentences=A+cat.&sentences=+', '#/sentences/1'],
  ])('refuses a form with %s', async (_what, body, pointer) => {
    const { errors } = await refusal(422, body, form);
    expect(errors![0]).toMatchObject({ pointer: expect.stringContaining(pointer) as string });
  });

  it.each(['\u200b', '\u00ad', '\0', '\ufffd', '\u0301', '\ue000', '\ud83d'])(
    'finds no sentence in %j, whatever carries it',
    async (sentence) => {
      const problems = [
        await refusal(422, { sentence }),
        await refusal(422, { sentence: `${sentence} ${sentence}`, explain: true }),
        await refusal(422, { sentences: [sentence] }),
        await refusal(422, { pairs: [{ a: 'A cat.', b: sentence }] }),
        // Half of a character is no UTF-8.
        ...(/\p{Cs}/u.test(sentence)
          ? []
          : [
              await refusal(422, sentence, form),
              await refusal(422, sentence, { 'content-type': 'text/plain' }),
              await refusal(422, new URLSearchParams({ sentence }).toString(), form),
            ]),
      ];
      for (const { errors } of problems) {
        expect(errors).toHaveLength(1);
        expect(errors![0]!.message).toMatch(/^must be more than U\+[0-9A-F]{4} \(.+\): write a sentence$/);
      }
      if (!/\p{Cs}/u.test(sentence)) await predict({ sentence: `A cat${sentence} sat.` });
    },
  );

  it('refuses half of a character within a sentence', async () => {
    const { errors } = await refusal(422, { sentences: ['A cat.', 'A \ud83d cat.'] });
    expect(errors).toEqual([
      {
        pointer: '#/sentences/1',
        message: expect.stringContaining('U+D83D is half of a character') as string,
      },
    ]);
  });

  it('takes a model by id or alias, in the body or the query', async () => {
    const other = await registerTinyModel(service.app, { name: 'Other', promote: 'never' });
    await service.client.api.aliases.put({ path: { name: 'other' }, body: { modelId: other.id } });
    const sentence = 'A cat sat.';
    const byId = { id: other.id, name: 'Other', alias: null, precision: 'fp32' };
    const byAlias = { ...byId, alias: 'other' };
    expect((await predict({ sentence, model: other.id })).model).toEqual(byId);
    expect((await predict({ sentence, model: 'other' })).model).toEqual(byAlias);
    expect((await predict(sentence, form, `?model=${other.id}`)).model).toEqual(byId);
    expect((await predict({ sentence }, {}, '?model=other')).model).toEqual(byAlias);
    expect((await refusal(422, { sentence, model: 'other' }, {}, '?model=production')).errors).toHaveLength(
      1,
    );
    await refusal(404, { sentence, model: 'mdl_01JD0000000000000000000000' });
    await refusal(404, { sentence, model: 'unheard-of' });
    await refusal(422, sentence, form, '?modell=other');
  });

  it('takes 256 sentences at once', async () => {
    const many = Array.from({ length: 256 }, (_, i) => sentences[i % sentences.length]!);
    const { predictions } = await service.client.judge(many);
    expect(predictions).toHaveLength(256);
    predictions.forEach(({ score }, i) => {
      expect(Math.abs(score - probability(i % sentences.length))).toBeLessThan(1e-4);
    });
  });

  it('says where it read only the beginning', async () => {
    const long = 'the cat sat on the mat and '.repeat(40);
    const { predictions } = await service.client.judge([long, 'A cat sat.']);
    expect(predictions.map(({ truncated }) => truncated)).toEqual([true, false]);
  });

  it.each([
    ['nothing', {}, ['#/sentence']],
    ['an empty sentence', { sentence: '' }, ['#/sentence']],
    ['white space', { sentence: ' \n\t' }, ['#/sentence']],
    ['null', { sentence: null }, ['#/sentence']],
    ['a number', { sentence: 3 }, ['#/sentence']],
    ['a list as a sentence', { sentence: ['A cat sat.'] }, ['#/sentence']],
    ['far too long a sentence', { sentence: 'x'.repeat(10_001) }, ['#/sentence']],
    ['an empty list', { sentences: [] }, ['#/sentences']],
    ['a sentence as a list', { sentences: 'A cat sat.' }, ['#/sentences']],
    [
      'a list with bad entries',
      { sentences: ['A cat sat.', '', 'It ran.', 7, null] },
      ['#/sentences/1', '#/sentences/3', '#/sentences/4'],
    ],
    ['257 sentences', { sentences: Array.from({ length: 257 }, () => 'A cat sat.') }, ['#/sentences']],
    ['both', { sentence: 'A cat sat.', sentences: ['It ran.'] }, ['#/sentences']],
    ['a model that is no text', { sentence: 'A cat sat.', model: 1 }, ['#/model']],
    ['an unknown field', { sentence: 'A cat sat.', temperature: 1 }, ['#/temperature']],
  ] as const)('refuses %s', async (_what, body, pointers) => {
    const { errors } = await refusal(422, body);
    expect([...new Set(errors!.map(({ pointer }) => pointer))]).toEqual(pointers);
    for (const { message } of errors!) expect(message).not.toBe('');
  });

  it('refuses bodies that hold no sentence', async () => {
    await refusal(422, '', form);
    await refusal(422, '   ', { 'content-type': 'text/plain' });
    await refusal(422, undefined);
    await refusal(422, '["A cat sat."]', { 'content-type': 'application/json' });
    await refusal(400, '{"sentence": ', { 'content-type': 'application/json' });
    await refusal(422, new Uint8Array([0x41, 0xff, 0xfe]), { 'content-type': 'text/plain' });
    await refusal(413, 'x'.repeat(2 ** 20 + 1), { 'content-type': 'text/plain' });
  });

  it('refuses other content types, and says which it takes', async () => {
    await refusal(415, '<s>A cat sat.</s>', { 'content-type': 'application/xml' });
    await refusal(415, 'A cat sat.', { 'content-type': 'text/plain; charset=iso-8859-1' });
    const multipart = new FormData();
    multipart.set('sentence', 'A cat sat.');
    await refusal(415, multipart);
    for (const type of [form, { 'content-type': 'text/plain' }]) {
      for (const body of [
        '{"sentence": "A cat sat."}',
        ' ["A cat sat."]',
        '[{"text": 1}]',
        `[${'0,'.repeat(20_000)}0]`,
      ]) {
        expect((await refusal(415, body, type)).detail).toContain('content-type: application/json');
      }
    }
  });

  it('leaves other routes to JSON', async () => {
    for (const headers of [form, { 'content-type': 'text/plain' }]) {
      expect(
        (await service.client.request('PUT', '/aliases/other', 'modelId=production', headers)).status,
      ).toBe(415);
      expect((await service.client.request('POST', '/nowhere', 'x', headers)).status).toBe(404);
    }
  });

  it('counts by outcome and alias', async () => {
    const series = [
      /wellformed_predictions_total\{outcome="acceptable",alias="production"\}/,
      /wellformed_predictions_total\{outcome="unacceptable",alias="production"\}/,
      /wellformed_predictions_total\{outcome="acceptable",alias="none"\}/,
      /wellformed_prediction_duration_seconds_count/,
    ];
    const read = () => Promise.all(series.map(metric));
    const before = await read();
    await service.client.judge(sentences);
    await service.client.judge(sentences, { model: production });
    const acceptable = goldens.forward.probabilities.filter(([, p]) => p > 0.5).length;
    const grown = (await read()).map((value, i) => value - before[i]!);
    expect(grown).toEqual([acceptable, sentences.length - acceptable, acceptable, 2]);
  });
});

describe('a model whose thread has ended', () => {
  it('costs one request, and is loaded again', async () => {
    await predict({ sentence: sentences[0] });
    const lease = await service.app.get(LoadedModels).take(production, 'fp32');
    await lease.value.close();
    lease.release();
    expect((await refusal(503, { sentence: sentences[0] })).detail).toContain('Send the request again');
    expect((await predict({ sentence: sentences[0] })).model.id).toBe(production);
  });
});

describe('several models', () => {
  it('are served in turn, two in memory at most', async () => {
    const ids = [production];
    for (let i = 0; i < 3; i++) ids.push((await registerTinyModel(service.app, { promote: 'never' })).id);
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, i) => predict({ sentence: sentences[0], model: ids[i % 4] })),
    );
    answers.forEach(({ score, model }, i) => {
      expect(model.id).toBe(ids[i % 4]);
      expect(Math.abs(score - probability(0))).toBeLessThan(1e-4);
    });
    expect(await metric(/wellformed_loaded_models/)).toBe(2);
  });

  it('are gone once deleted', async () => {
    const { id } = await registerTinyModel(service.app, { promote: 'never' });
    for (const model of [production, id]) await predict({ sentence: 'A cat sat.', model });
    expect(await metric(/wellformed_loaded_models/)).toBe(2);
    await service.client.api.models.delete({ path: { id } });
    await refusal(404, { sentence: 'A cat sat.', model: id });
    expect(await metric(/wellformed_loaded_models/)).toBe(1);
  });
});

describe('a damaged model', () => {
  it('is a clear error, and neither the start nor other models suffer', async () => {
    const { id } = await registerTinyModel(service.app, { promote: 'never' });
    truncateSync(path.join(service.folder, 'models', id, 'model.safetensors'), 1000);
    await service.client.api.aliases.put({ path: { name: 'damaged' }, body: { modelId: id } });
    const errors = () => metric(/wellformed_predictions_total\{outcome="error",alias="damaged"\}/);
    const refused = await refusal(503, { sentence: 'A cat sat.', model: 'damaged' });
    expect(refused.detail).toContain(`${id} could not be loaded`);
    expect(await errors()).toBe(1);
    await service.client.api.aliases.put({ path: { name: 'production' }, body: { modelId: id } });
    await service.stop();

    service = await startService(service.folder);
    await refusal(503, { sentence: 'A cat sat.' });
    expect(service.app.get(LoadedModels).failures).toMatchObject([{ modelId: id }]);
    await predict({ sentence: 'A cat sat.', model: production });
    await service.client.api.aliases.put({ path: { name: 'production' }, body: { modelId: production } });
    expect((await predict({ sentence: 'A cat sat.' })).model.id).toBe(production);
  });
});
