import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  ComparisonsDto,
  PredictDto,
  PredictionDto,
  PredictionsDto,
  ProblemDetails,
} from '../packages/client/src/index.js';
import { removeFolders, startService, type Service } from './support/service.js';
import { goldens, registerTinyModel } from './support/tiny-model.js';

const sentences = goldens.sentences.map(({ sentence }) => sentence);
const text = { 'content-type': 'text/plain' };
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

let service: Service;

afterAll(removeFolders);

async function start(environment: Record<string, string> = {}): Promise<void> {
  service = await startService(undefined, environment);
}

const ask = async <T = PredictionDto>(body: PredictDto) =>
  (await service.client.api.predictions.predict({ body })) as T;

async function askText(sentence: string, query: string): Promise<PredictionDto> {
  const response = await service.client.request('POST', `/predict${query}`, sentence, text);
  expect(response.status).toBe(200);
  return (await response.json()) as PredictionDto;
}

async function refusal(status: number, body: unknown, query = ''): Promise<ProblemDetails> {
  const headers = typeof body === 'string' ? text : undefined;
  const response = await service.client.request('POST', `/predict${query}`, body, headers);
  expect(response.status).toBe(status);
  return (await response.json()) as ProblemDetails;
}

const places = ({ errors }: ProblemDetails) => errors!.map(({ pointer, parameter }) => pointer ?? parameter);

describe('a model that was assessed', () => {
  beforeAll(async () => {
    await start();
    await registerTinyModel(service.app, { auto: 'int8' });
  });
  afterAll(() => service.stop());

  it('computes with the precision that is asked for, and says which', async () => {
    const judge = (precision?: PredictDto['precision']) => ask<PredictionsDto>({ sentences, precision });
    const [fp32, int8, auto, usual] = await Promise.all(
      (['fp32', 'int8', 'auto', undefined] as const).map(judge),
    );
    expect(fp32!.model.precision).toBe('fp32');
    for (const answer of [int8!, auto!, usual!]) expect(answer.model.precision).toBe('int8');
    fp32!.predictions.forEach(({ score }, i) => {
      expect(Math.abs(score - goldens.forward.probabilities[i]![1])).toBeLessThan(1e-4);
    });
    const apart = int8!.predictions.map(({ score }, i) => Math.abs(score - fp32!.predictions[i]!.score));
    expect(Math.max(...apart)).toBeLessThan(0.05);
    expect(Math.max(...apart)).toBeGreaterThan(1e-6);
  });

  it('gives logits where they are asked for, and calibrates with the temperature of the precision', async () => {
    for (const [precision, temperature] of [
      ['fp32', 2],
      ['int8', 1.6],
    ] as const) {
      const { predictions } = await ask<PredictionsDto>({ sentences, precision, logits: true });
      predictions.forEach(({ score, calibratedScore, logits, acceptable }, i) => {
        const [unacceptable, ofAcceptable] = logits as [number, number];
        expect(score).toBeCloseTo(sigmoid(ofAcceptable - unacceptable), 12);
        expect(calibratedScore).toBeCloseTo(sigmoid((ofAcceptable - unacceptable) / temperature), 12);
        expect(acceptable).toBe(ofAcceptable > unacceptable);
        if (precision === 'fp32') {
          expect(Math.abs(ofAcceptable - goldens.forward.logits[i]![1])).toBeLessThan(1e-4);
        }
      });
    }
    expect(await ask({ sentence: sentences[0], logits: false })).not.toHaveProperty('logits');
  });

  it('takes the tuned threshold of the precision where that is asked for', async () => {
    for (const [precision, threshold] of [
      ['fp32', 0.4],
      ['int8', 0.6],
    ] as const) {
      const tuned = await ask<PredictionsDto>({ sentences, precision, threshold: 'tuned' });
      const usual = await ask<PredictionsDto>({ sentences, precision, threshold: 'default' });
      expect(tuned.predictions.map(({ score }) => score)).toEqual(
        usual.predictions.map(({ score }) => score),
      );
      expect(tuned.predictions.map(({ acceptable }) => acceptable)).toEqual(
        tuned.predictions.map(({ score }) => score > threshold),
      );
      expect(usual.predictions.map(({ acceptable }) => acceptable)).toEqual(
        usual.predictions.map(({ score }) => score > 0.5),
      );
      if (precision === 'fp32') expect(tuned.predictions).not.toEqual(usual.predictions);
    }
  });

  it('takes the same of a query, for text', async () => {
    const options = { precision: 'fp32', threshold: 'tuned', logits: true, explain: true } as const;
    const query = '?precision=fp32&threshold=tuned&logits=true&explain=true';
    const asJson = await ask({ sentence: sentences[0], ...options });
    expect(await askText(sentences[0]!, query)).toEqual(asJson);
    expect(asJson.model.precision).toBe('fp32');
    expect(asJson.explanation!.length).toBeGreaterThan(1);
    const both = await service.client.request('POST', `/predict${query}`, {
      sentence: sentences[0],
      ...options,
    });
    expect(await both.json()).toEqual(asJson);
  });

  it('refuses what it does not know, and what body and query say differently', async () => {
    const sentence = sentences[0];
    expect(places(await refusal(422, { sentence, precision: 'int4' }))).toEqual(['#/precision']);
    expect(places(await refusal(422, { sentence, threshold: 0.7 }))).toEqual(['#/threshold']);
    expect(places(await refusal(422, { sentence, logits: 'true' }))).toEqual(['#/logits']);
    expect(places(await refusal(422, { sentence, explain: 1 }))).toEqual(['#/explain']);
    expect(places(await refusal(422, sentences[0], '?precision=fp16'))).toEqual(['precision']);
    expect(places(await refusal(422, sentences[0], '?precision=fp32&precision=int8'))).toEqual(['precision']);
    expect(places(await refusal(422, sentences[0], '?explain=yes'))).toEqual(['explain']);
    const body = { sentence, precision: 'fp32', threshold: 'tuned', logits: true, explain: false };
    expect(
      places(await refusal(422, body, '?precision=int8&threshold=default&logits=false&explain=true')),
    ).toEqual(['#/precision', '#/threshold', '#/logits', '#/explain']);
  });
});

describe('a model that was not assessed', () => {
  beforeAll(async () => {
    await start();
    await registerTinyModel(service.app);
  });
  afterAll(() => service.stop());

  it('computes with fp32 and has no calibrated score', async () => {
    for (const precision of ['auto', 'fp32', undefined] as const) {
      const { model, calibratedScore } = await ask({ sentence: sentences[0], precision });
      expect(model.precision).toBe('fp32');
      expect(calibratedScore).toBeNull();
    }
  });

  it('says what to do where int8 or a tuned threshold is asked for', async () => {
    const int8 = await refusal(409, { sentence: sentences[0], precision: 'int8' });
    expect(int8.detail).toMatch(/no int8 variant.*"precision": "fp32".*train the model again/);
    expect((await refusal(409, sentences[0], '?precision=int8')).detail).toBe(int8.detail);
    const tuned = await refusal(409, { sentence: sentences[0], threshold: 'tuned' });
    expect(tuned.detail).toMatch(/no tuned threshold.*"threshold": "default".*train the model again/);
  });
});

describe('the precision of the settings', () => {
  it('is used where a request names none', async () => {
    await start({ WELLFORMED_PREDICT_PRECISION: 'int8' });
    await registerTinyModel(service.app, { auto: 'fp32' });
    expect((await ask({ sentence: sentences[0] })).model.precision).toBe('int8');
    expect((await ask({ sentence: sentences[0], precision: 'auto' })).model.precision).toBe('fp32');
    await service.stop();
  });
});

describe('explanations', () => {
  beforeAll(async () => {
    await start();
    await registerTinyModel(service.app);
  });
  afterAll(() => service.stop());

  const sentence = 'The cat didn’t sit, "really"!';
  const words = ['The', 'cat', 'didn’t', 'sit', ',', '"', 'really', '"', '!'];
  const shorter = [
    'cat didn’t sit, "really"!',
    'The didn’t sit, "really"!',
    'The cat sit, "really"!',
    'The cat didn’t, "really"!',
    'The cat didn’t sit "really"!',
    'The cat didn’t sit, really"!',
    'The cat didn’t sit, ""!',
    'The cat didn’t sit, "really!',
    'The cat didn’t sit, "really"',
  ];

  it('say of each word what the score is without it', async () => {
    const { explanation, score, logits } = await ask({ sentence, explain: true, logits: true });
    expect(explanation!.map(({ word }) => word)).toEqual(words);
    for (const { word, start, end } of explanation!) expect(sentence.slice(start, end)).toBe(word);
    const { predictions } = await ask<PredictionsDto>({ sentences: shorter, logits: true });
    explanation!.forEach((effect, i) => {
      const without = predictions[i]!;
      expect(effect.score).toBeCloseTo(without.score, 5);
      expect(effect.change).toBeCloseTo(score - effect.score!, 12);
      const margins = logits![1]! - logits![0]! - (without.logits![1]! - without.logits![0]!);
      expect(effect.logOddsChange).toBeCloseTo(margins, 4);
    });
    expect(new Set(explanation!.map(({ change }) => Math.sign(change!)))).toEqual(new Set([-1, 1]));
  });

  it('are given for each of several sentences, beside the judgements that they would get anyway', async () => {
    const asked = [sentence, 'Sit', '  A 🐈  sat.', sentence];
    const explained = await ask<PredictionsDto>({ sentences: asked, explain: true });
    const plain = await ask<PredictionsDto>({ sentences: asked });
    explained.predictions.forEach(({ explanation, ...judgement }, i) => {
      expect(judgement.score).toBeCloseTo(plain.predictions[i]!.score, 5);
      expect(judgement.acceptable).toBe(plain.predictions[i]!.acceptable);
      for (const { word, start, end } of explanation!) expect(asked[i]!.slice(start, end)).toBe(word);
    });
    const [first, second, third, last] = explained.predictions.map(({ explanation }) => explanation!);
    expect(second).toEqual([
      { word: 'Sit', start: 0, end: 3, score: null, change: null, logOddsChange: null },
    ]);
    expect(third!.map(({ word }) => word)).toEqual(['A', '🐈', 'sat', '.']);
    expect(last).toEqual(first);
    expect(plain.predictions[0]).not.toHaveProperty('explanation');
  });

  it('are 0 for words that the model does not read', async () => {
    const long = 'the cat sat on the mat and '.repeat(18).trim();
    const { explanation, truncated } = await ask({ sentence: long, explain: true });
    expect(truncated).toBe(true);
    expect(explanation).toHaveLength(126);
    expect(explanation!.slice(-10).map(({ change }) => change)).toEqual(Array(10).fill(0));
    expect(explanation![0]!.change).not.toBe(0);
  });

  it('count the sentences that were asked about, not those without a word', async () => {
    const counted = async () => {
      const page = await (await service.client.request('GET', '/metrics')).text();
      const lines = page.split('\n').filter((line) => line.startsWith('wellformed_predictions_total{'));
      return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    };
    const before = await counted();
    await ask({ sentences: [sentence, 'A cat sat.'], explain: true });
    expect(await counted()).toBe(before + 2);
  });

  it('have bounds', async () => {
    const words = (count: number) => Array(count).fill('cat').join(' ');
    const long = await refusal(422, { sentence: words(129), explain: true });
    expect(places(long)).toEqual(['#/sentence']);
    expect(long.errors![0]!.message).toContain('more than 128 words');
    const one = await refusal(422, { sentences: ['A cat.', words(200)], explain: true });
    expect(places(one)).toEqual(['#/sentences/1']);
    const many = await refusal(422, { sentences: Array(5).fill(words(110)), explain: true });
    expect(many.detail).toMatch(/more than 512 words .* Send fewer/);
    await ask({ sentence: words(129) });
  });
});

describe('pairs', () => {
  beforeAll(async () => {
    await start();
    await registerTinyModel(service.app, { auto: 'int8' });
  });
  afterAll(() => service.stop());

  it('tell which of two sentences is the more acceptable one, and by how much', async () => {
    const pairs = sentences.slice(1).map((b, i) => ({ a: sentences[i]!, b }));
    pairs.push({ a: 'A cat sat.', b: 'A cat sat.' });
    const answer = await ask<ComparisonsDto>({ pairs, precision: 'fp32', logits: true });
    expect(answer.pairs).toHaveLength(pairs.length);
    for (const [i, { a, b, preferred, difference, logOddsDifference }] of answer.pairs.entries()) {
      const alone = await ask<PredictionsDto>({ sentences: [pairs[i]!.a, pairs[i]!.b], precision: 'fp32' });
      expect(a.score).toBeCloseTo(alone.predictions[0]!.score, 5);
      expect(b.score).toBeCloseTo(alone.predictions[1]!.score, 5);
      expect(difference).toBe(a.score - b.score);
      const margins = [a, b].map(({ logits }) => logits![1]! - logits![0]!) as [number, number];
      expect(logOddsDifference).toBe(margins[0] - margins[1]);
      expect(preferred).toBe(margins[0] > margins[1] ? 'a' : margins[0] < margins[1] ? 'b' : null);
    }
    const counted = (side: string | null) =>
      answer.pairs.filter(({ preferred }) => preferred === side).length;
    expect(answer.counts).toEqual({ a: counted('a'), b: counted('b'), equal: 1 });
    expect(answer.counts.a * answer.counts.b).toBeGreaterThan(0);
    expect(answer.model.precision).toBe('fp32');
  });

  it('take the options of sentences, and hold up to 128', async () => {
    const pairs = Array.from({ length: 128 }, (_, i) => ({ a: `The cat sat ${i}.`, b: `Cat the sat ${i}.` }));
    const answer = await ask<ComparisonsDto>({ pairs, threshold: 'tuned' });
    expect(answer.model.precision).toBe('int8');
    for (const { a, b } of answer.pairs) {
      for (const { acceptable, score } of [a, b]) expect(acceptable).toBe(score > 0.6);
      expect(a).not.toHaveProperty('logits');
      expect(a.calibratedScore).not.toBeNull();
    }
  });

  it.each([
    ['none', [], ['#/pairs']],
    ['no list', { a: 'A cat.', b: 'A dog.' }, ['#/pairs']],
    ['texts', ['A cat.'], ['#/pairs/0']],
    ['null', [{ a: 'A cat.', b: 'A dog.' }, null], ['#/pairs/1']],
    ['lists', [['A cat.', 'A dog.']], ['#/pairs/0/a', '#/pairs/0/b']],
    ['empty lists', [[]], ['#/pairs/0/a', '#/pairs/0/b']],
    ['half a pair', [{ a: 'A cat.' }], ['#/pairs/0/b']],
    [
      'an empty sentence',
      [
        { a: 'A cat.', b: 'A dog.' },
        { a: ' ', b: 'A dog.' },
      ],
      ['#/pairs/1/a'],
    ],
    ['numbers', [{ a: 1, b: 2 }], ['#/pairs/0/a', '#/pairs/0/b']],
    ['another field', [{ a: 'A cat.', b: 'A dog.', c: 'x' }], ['#/pairs/0/c']],
    ['129', Array.from({ length: 129 }, () => ({ a: 'A cat.', b: 'A dog.' })), ['#/pairs']],
  ])('are refused: %s', async (_what, pairs, pointers) => {
    const problem = await refusal(422, { pairs });
    expect([...new Set(places(problem))]).toEqual(pointers);
    for (const { message } of problem.errors!) expect(message).not.toBe('');
  });

  it('go alone, and are not explained', async () => {
    const pairs = [{ a: 'A cat.', b: 'A dog.' }];
    expect(places(await refusal(422, { pairs, sentence: 'A cat.' }))).toEqual(['#/pairs']);
    expect(places(await refusal(422, { pairs, sentences: ['A cat.'], sentence: 'A' }))).toEqual([
      '#/sentences',
      '#/pairs',
    ]);
    expect(places(await refusal(422, { pairs, explain: true }))).toEqual(['#/explain']);
    expect(places(await refusal(422, { pairs }, '?explain=true'))).toEqual(['explain']);
  });
});
