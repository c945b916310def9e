import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { streamHeaders } from '../src/predictions/streams/stream-documentation.js';
import { problemOf } from './support/http.js';
import { removeFolders, startService, until, type Service } from './support/service.js';
import { goldens, registerTinyModel } from './support/tiny-model.js';

const ndjson = 'application/x-ndjson';
const tsv = 'text/tab-separated-values';
const sentences = goldens.sentences.map(({ sentence }) => sentence);
const json = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');

interface AnswerLine {
  line: number;
  id?: string | number;
  score: number;
  error?: string | { status: number; type: string; detail: string };
}

let service: Service;
let url: string;
let production: string;

async function start(environment: Record<string, string> = {}): Promise<void> {
  service = await startService(undefined, environment);
  url = await service.app.getUrl();
  production = (await registerTinyModel(service.app)).id;
  await until(async () => (await metric('wellformed_loaded_models')) === 1);
}

afterAll(removeFolders);

const metric = async (name: string) => (await service.client.metric(name)) ?? 0;

const outcome = (name: string) =>
  metric(`wellformed_predictions_total{outcome="${name}",alias="production"}`);
const waiting = () => metric('wellformed_prediction_queue_length');

async function stream(type: string, body: string | Uint8Array, accept?: string, query = '') {
  const headers = { 'content-type': type, ...(accept !== undefined && { accept }) };
  const response = await service.client.request('POST', `/predict${query}`, body, headers);
  return { response, text: await response.text() };
}

async function judged(body: string | Uint8Array, query = ''): Promise<AnswerLine[]> {
  const { response, text } = await stream(ndjson, body, undefined, query);
  expect(response.status, text).toBe(200);
  return linesOf(text);
}

function linesOf(text: string): AnswerLine[] {
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as AnswerLine);
}

/** A stream of which the client sends a part, reads a part, and so on. */
class Conversation {
  readonly request: ClientRequest;
  readonly response: Promise<IncomingMessage>;
  private lines?: AsyncIterator<string>;

  constructor(headers: Record<string, string> = {}) {
    this.request = httpRequest(`${url}/predict`, {
      method: 'POST',
      headers: { 'content-type': ndjson, ...headers },
    });
    this.response = once(this.request, 'response').then(([response]) => response as IncomingMessage);
    // What breaks off is looked at in `brokeOff`.
    this.response.catch(() => {});
    this.request.on('error', () => {});
  }

  say(...values: unknown[]): void {
    this.request.write(json(values));
  }

  async hear(): Promise<AnswerLine> {
    this.lines ??= createInterface(await this.response)[Symbol.asyncIterator]();
    return JSON.parse((await this.lines.next()).value as string) as AnswerLine;
  }

  async headers(): Promise<IncomingMessage['headers']> {
    return (await this.response).headers;
  }

  /** Whether the answer ended before it was whole. */
  async brokeOff(): Promise<boolean> {
    const response = await this.response;
    if (!response.closed) await once(response, 'close').catch(() => {});
    return !response.complete;
  }
}

describe('a stream', () => {
  beforeAll(() => start());
  afterAll(() => service.stop());

  it('of NDJSON gets a judgement a line, as if each sentence was asked for by itself', async () => {
    const all = Array.from({ length: 700 }, (_, i) => sentences[(i * 5) % sentences.length]!);
    const lines = await judged(
      json(all.map((sentence, i) => (i % 2 ? sentence : { sentence, id: `s${i}` }))),
    );
    expect(lines.map(({ line }) => line)).toEqual(all.map((_, i) => i + 1));
    const { predictions } = await service.client.judge(sentences);
    lines.forEach(({ line, id, score, ...rest }) => {
      const { score: alone, ...others } = predictions[((line - 1) * 5) % sentences.length]!;
      expect(Math.abs(score - alone)).toBeLessThan(1e-5);
      expect(rest).toEqual(others);
      expect(id).toBe(line % 2 ? `s${line - 1}` : undefined);
    });
  });

  it('says which model judges, before the first judgement', async () => {
    const { response } = await stream(ndjson, json(sentences));
    expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(response.headers.get('wellformed-model')).toBe(production);
    expect(response.headers.get('wellformed-precision')).toBe('fp32');
    for (const documented of Object.keys(streamHeaders)) expect(response.headers.has(documented)).toBe(true);
  });

  it('goes on after lines that cannot be judged', async () => {
    const body = Buffer.concat([
      Buffer.from('\uFEFF"A cat sat."\r\n\n{"sentence": \n{"id": 7, "sentence": " "}\n'),
      Buffer.of(0x22, 0xff, 0x22, 0x0a),
      Buffer.from(`"${'x'.repeat(10_001)}"\n"${'x'.repeat(200_000)}"\n"It ran."`),
    ]);
    const lines = await judged(body);
    expect(lines.map(({ line, error }) => [line, error !== undefined])).toEqual([
      [1, false],
      [3, true],
      [4, true],
      [5, true],
      [6, true],
      [7, true],
      [8, false],
    ]);
    expect(lines[2]).toEqual({ line: 4, id: 7, error: 'The sentence must not be empty: write a sentence.' });
  });

  it('of TSV gets TSV, or NDJSON where that is asked for, and the other way round', async () => {
    const rows = `x\t1\t\tA "cat" sat.\r\ny\t0\t*\t\r\n\r\nz\t0\t*\tIt\tran.\n`;
    const { response, text } = await stream(tsv, rows);
    expect(response.headers.get('content-type')).toBe('text/tab-separated-values; charset=utf-8');
    const [header, first, ...errors] = text.split('\n').map((line) => line.split('\t'));
    expect(header).toEqual('line id acceptable score calibratedScore truncated error sentence'.split(' '));
    expect(first).toEqual([
      '1',
      '',
      expect.stringMatching(/^[01]$/),
      expect.stringMatching(/^0\.\d+/),
      '',
      '0',
      '',
      'A "cat" sat.',
    ]);
    expect(errors.map(([line, , , score, , , error]) => [line, score, error])).toEqual([
      ['2', '', 'The sentence must not be empty: write a sentence.'],
      ['4', '', 'The line has 5 column(s), not 4. Remove tabs from texts.'],
      ['', undefined, undefined],
    ]);

    const asJson = linesOf((await stream(tsv, rows, `text/html, ${ndjson};q=0.9`)).text);
    expect(asJson.map(({ line }) => line)).toEqual([1, 2, 4]);
    expect(asJson[0]!.score).toBeCloseTo(Number(first![3]), 5);
    const { text: asTsv } = await stream(ndjson, json([{ id: 3, sentence: 'Tab\tand\nline.' }]), tsv);
    expect(asTsv.split('\n')[1]!.split('\t')).toMatchObject({ 1: '3', 7: 'Tab and line.' });
  });

  it('gives ids back in the letters that came', async () => {
    const ids = ['9007199254740993', '1e400', '-0', '1.0', '"\\u00e9\\t"', '"\\ud83d"'];
    const body = ids
      .map((id) => `{"sentence": "A cat.", "id": ${id}}\n{"id": ${id}, "sentence": ""}\n`)
      .join('');
    const lines = (await stream(ndjson, body)).text.split('\n').slice(0, -1);
    expect(lines.map((line) => /^\{"line":\d+,"id":(.*?),"(?:acceptable|error)":/.exec(line)?.[1])).toEqual(
      ids.flatMap((id) => [id, id]),
    );
    const asTsv = (await stream(ndjson, body, tsv)).text.split('\n').slice(1, -1);
    const told = asTsv.map((line) => line.split('\t')).filter((_row, i) => i % 2 === 0);
    expect(told.map((row) => row[1])).toEqual([...ids.slice(0, 4), '', '']);
    expect(told.map((row) => row[6])).toEqual([
      ...['', '', '', ''],
      ...Array.from({ length: 2 }, () => expect.stringContaining('ask for NDJSON') as string),
    ]);
    const rows = 'id\tsentence\n9007199254740993\tA cat.\n"é"\tA cat.\n';
    const fromTsv = (await stream(tsv, rows, ndjson)).text.split('\n').slice(0, -1);
    expect(fromTsv.map((line) => /"id":(.*?),"acceptable"/.exec(line)?.[1])).toEqual([
      '"9007199254740993"',
      '"\\"é\\""',
    ]);
  });

  it('finds no sentence in what is invisible', async () => {
    const body =
      '"\\u200b"\n"\\u00ad"\n"\\u0000"\n"\\ufffd"\n"\\u0301"\n"\\ue000"\n"\\ud83d"\n"A cat\\u200b."\n';
    const lines = await judged(body);
    expect(lines.map(({ error }) => error ?? null)).toEqual([
      ...Array.from(
        { length: 7 },
        () => expect.stringMatching(/^The sentence must be more than U\+/) as string,
      ),
      null,
    ]);
    const { text } = await stream(tsv, 'sentence\n\u00ad\u200b\n\ufffd\nA cat.\n');
    const errors = text.split('\n').map((row) => row.split('\t')[6]);
    expect(errors).toMatchObject([
      'error',
      expect.stringContaining('U+00AD'),
      expect.stringContaining('U+FFFD'),
      '',
      undefined,
    ]);
  });

  it('takes options in the query', async () => {
    const [line] = await judged(json([sentences[0]]), `?model=${production}&precision=fp32&logits=true`);
    const [unacceptable, acceptable] = goldens.forward.logits[0]!;
    const { logits } = line as unknown as { logits: number[] };
    expect(logits[0]).toBeCloseTo(unacceptable, 4);
    expect(logits[1]).toBeCloseTo(acceptable, 4);
    const { text } = await stream(tsv, sentences[0]!, undefined, '?logits=true');
    expect(text.split('\n').map((row) => row.split('\t').length)).toEqual([10, 10, 1]);
  });

  it('of nothing gets nothing', async () => {
    expect(await judged('')).toEqual([]);
    expect(await judged('\n\n')).toEqual([]);
    expect((await stream(tsv, '')).text).toMatch(/^line\t.*\n$/);
  });

  it('that cannot begin is a problem like any other', async () => {
    const refusal = async (status: number, type: string, body: string, query = '') => {
      const response = await service.client.request('POST', `/predict${query}`, body, {
        'content-type': type,
      });
      return problemOf(response, status);
    };
    const lines = json(sentences);
    await refusal(404, ndjson, lines, '?model=unheard-of');
    await refusal(409, ndjson, lines, '?precision=int8');
    await refusal(422, ndjson, lines, '?explain=true');
    await refusal(422, ndjson, lines, '?modell=production');
    await refusal(415, `${ndjson}; charset=iso-8859-1`, lines);
    expect((await refusal(422, tsv, 'a\tb\tc\n')).errors).toMatchObject([{ line: 1 }]);
    for (const csv of ['text/csv', 'application/csv; charset=utf-8']) {
      expect((await refusal(415, csv, 'sentence,id\nA cat sat.,1\n')).detail).toContain(
        'application/x-ndjson',
      );
    }
    for (const header of ['sentence,label', 'id;"Sentence"']) {
      const { detail, errors } = await refusal(422, tsv, `${header}\nA cat sat.,1\n`);
      expect([detail, errors]).toEqual([
        expect.stringContaining('A stream of CSV is not judged'),
        [expect.objectContaining({ line: 1 })],
      ]);
    }
    expect((await stream(tsv, 'A word, a sentence, a text.\n')).response.status).toBe(200);
    expect((await refusal(422, tsv, 'PK\u0003\u0004\n\0\0')).detail).toContain('ZIP');
    const elsewhere = (path: string) =>
      service.client.request('PUT', path, lines, { 'content-type': ndjson }).then(({ status }) => status);
    expect(await elsewhere('/aliases/other')).toBe(415);
    expect(await elsewhere('/nowhere')).toBe(404);
  });

  it('is answered while it is sent', async () => {
    const talk = new Conversation({ expect: '100-continue' });
    talk.request.flushHeaders();
    await once(talk.request, 'continue');
    for (const [i, sentence] of sentences.entries()) {
      talk.say(sentence);
      expect(await talk.hear()).toMatchObject({ line: i + 1 });
    }
    talk.request.end();
    expect(await talk.brokeOff()).toBe(false);
  });

  it('counts its sentences as others do', async () => {
    const both = async () => (await outcome('acceptable')) + (await outcome('unacceptable'));
    const before = await both();
    await judged(json([...sentences, '', 3]));
    expect((await both()) - before).toBe(sentences.length);
  });

  it('is judged by one version to its end, and breaks off where that is gone', async () => {
    const first = production;
    const talk = new Conversation();
    talk.say(sentences[0]);
    await talk.hear();
    const { id } = await registerTinyModel(service.app, { promote: 'never' });
    await service.client.api.aliases.put({ path: { name: 'production' }, body: { modelId: id } });
    production = id;
    talk.say(sentences[1]);
    expect(await talk.hear()).toMatchObject({ line: 2, truncated: false });
    expect((await talk.headers())['wellformed-model']).toBe(first);

    await service.client.api.models.delete({ path: { id: first } });
    talk.say(sentences[2]);
    const { error } = await talk.hear();
    expect(error).toMatchObject({
      detail: expect.stringContaining(first) as string,
      instance: '/predict',
    });
    expect(await talk.brokeOff()).toBe(true);
  });
});

describe('a long stream', () => {
  beforeAll(() => start());
  afterAll(() => service.stop());

  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;

  it('of 100,000 lines is judged in flat memory', async () => {
    const count = 100_000;
    // By the first of them what is remembered of words has its full size.
    const measuredAt = [40_000, 70_000, 95_000];
    const talk = new Conversation();
    const words = 'the cat sat on mat a dog ran and saw he she it we'.split(' ');
    const sentence = (i: number) => `${words[i % 14]} ${words[(i >> 4) % 14]} ${words[(i >> 8) % 14]} ${i}.`;
    const sending = (async () => {
      for (let i = 0; i < count; i++) {
        if (!talk.request.write(`"${sentence(i)}"\n`)) await once(talk.request, 'drain');
      }
      talk.request.end();
    })();

    const bytes: number[] = [];
    /** How far the stream was when other requests were answered. */
    const singles: number[] = [];
    let lines = 0;
    for await (const text of createInterface(await talk.response)) {
      const { line, error } = JSON.parse(text) as AnswerLine;
      if (line !== ++lines || error !== undefined) throw new Error(`${lines}: ${text}`);
      if (!measuredAt.includes(lines)) continue;
      void service.client.judge('A single one.').then(() => singles.push(lines));
      collectGarbage();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      bytes.push(heapUsed + arrayBuffers);
    }
    await sending;
    expect(lines).toBe(count);
    expect(singles[0]).toBeLessThan(70_000);
    expect(singles[1]).toBeLessThan(95_000);
    // The answers alone have ten megabytes.
    for (const later of bytes.slice(1)) expect(later - bytes[0]!).toBeLessThan(4e6);
    expect(await waiting()).toBe(0);
  }, 180_000);

  it('is read no faster than its answer', async () => {
    const talk = new Conversation();
    // Nothing to compute, and an answer as long as the line.
    const line = `{"sentence": "", "id": "${'x'.repeat(60_000)}"}\n`;
    let sent = 0;
    for (let isStuck = false; !isStuck;) {
      if (++sent * line.length > 200e6)
        throw new Error('The service reads on though nobody reads its answers.');
      if (talk.request.write(line)) continue;
      const drained = once(talk.request, 'drain').then(() => false);
      isStuck = await Promise.race([drained, new Promise<true>((resolve) => setTimeout(resolve, 500, true))]);
    }
    talk.request.end();
    let lines = 0;
    for await (const text of createInterface(await talk.response)) {
      expect((JSON.parse(text) as AnswerLine).line).toBe(++lines);
    }
    expect(lines).toBe(sent);
  });
});

describe('a stream that waits', () => {
  afterEach(() => service.stop());

  it('is not computed when its client has left', async () => {
    await start({ WELLFORMED_PREDICT_MAX_WAIT: '1 s', WELLFORMED_PREDICT_BATCH_TOKENS: '4096' });
    const talk = new Conversation();
    talk.say(...sentences.slice(0, 5));
    await until(async () => (await waiting()) === 5);
    talk.request.destroy();
    await until(async () => (await outcome('abandoned')) === 5);
    expect(await waiting()).toBe(0);
  });

  it('waits for room in a full queue, and is not refused', async () => {
    await start({ WELLFORMED_PREDICT_MAX_WAIT: '1 s', WELLFORMED_PREDICT_QUEUE: '8' });
    const others = service.client.judge(sentences.slice(0, 8));
    await until(async () => (await waiting()) === 8);
    expect(await judged(json(sentences.slice(8, 10)))).toHaveLength(2);
    await others;
    expect(await outcome('refused')).toBe(0);
  });

  it('leaves half of the queue to others', async () => {
    await start({ WELLFORMED_PREDICT_MAX_WAIT: '1 s', WELLFORMED_PREDICT_QUEUE: '8' });
    const streams = [new Conversation(), new Conversation()];
    for (const talk of streams) talk.say(...sentences.slice(0, 8));
    await until(async () => (await waiting()) === 4);
    await service.client.judge(sentences.slice(8, 12));
    for (const talk of streams) talk.request.destroy();
    expect(await outcome('refused')).toBe(0);
  });

  it('gives up where there is no room for too long', async () => {
    await start({
      WELLFORMED_PREDICT_MAX_WAIT: '2 s',
      WELLFORMED_PREDICT_QUEUE: '8',
      WELLFORMED_PREDICT_STREAM_IDLE: '200 ms',
    });
    const others = service.client.judge(sentences.slice(0, 8));
    await until(async () => (await waiting()) === 8);
    const refused = await service.client.request('POST', '/predict', json(sentences.slice(8)), {
      'content-type': ndjson,
    });
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    await problemOf(refused, 429);
    await others;
  });

  it('ends where its client neither sends nor leaves', async () => {
    await start({ WELLFORMED_PREDICT_STREAM_IDLE: '500 ms' });
    const silent = new Conversation();
    silent.request.flushHeaders();
    const response = await silent.response;
    expect(response.statusCode).toBe(408);
    const closed = once(silent.request.socket!, 'close');
    response.resume();
    await closed;

    const talk = new Conversation();
    talk.say(sentences[0]);
    expect(await talk.hear()).toMatchObject({ line: 1 });
    expect((await talk.hear()).error).toMatchObject({
      status: 408,
      type: 'urn:problem-type:wellformed:request-timeout',
    });
    expect(await talk.brokeOff()).toBe(true);
  });
});
