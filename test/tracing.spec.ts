import { cpSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunDto } from '../packages/client/src/index.js';
import { LoadedModels } from '../src/predictions/serving/loaded-models.js';
import { Tracing } from '../src/tracing/tracing.js';
import { newApiKey } from './support/api-keys.js';
import { formOf } from './support/http.js';
import { practiceRows } from './support/practice-rows.js';
import { startServiceProcess } from './support/service-process.js';
import { removeFolders, startService, until, type Service } from './support/service.js';
import { registerTinyModel } from './support/tiny-model.js';
import { startTraceReceiver, type ReceivedSpan, type TraceReceiver } from './support/trace-receiver.js';

const remote = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const traceparent = `00-${remote.traceId}-${remote.spanId}-01`;
const secret = 'The porcupine whispers at midnight';
const { key, entry, headers } = newApiKey('head', 'admin');

const SERVER = 2;
const ERROR = 2;

let receiver: TraceReceiver;
let service: Service | undefined;

beforeAll(async () => {
  receiver = await startTraceReceiver();
});
afterAll(() => receiver.stop());

/** The SDK reads its variables from the process's own environment. */
async function start(
  variables: Record<string, string>,
  settings: Record<string, string> = {},
): Promise<Service> {
  receiver.spans.length = 0;
  receiver.contentTypes.clear();
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  service = await startService(undefined, { WELLFORMED_ENGINE: 'wasm', ...settings });
  return service;
}

/** Ends the service, which sends the last spans. */
async function stop(): Promise<void> {
  await service?.stop();
  service = undefined;
  vi.unstubAllEnvs();
}

afterAll(removeFolders);

/** The span of this name that `parent` has, or the only one. */
function span(name: string, parent?: ReceivedSpan): ReceivedSpan {
  const found = receiver.spans.filter(
    (one) => one.name === name && (!parent || one.parentSpanId === parent.spanId),
  );
  expect(found.map((one) => one.name)).toEqual([name]);
  return found[0]!;
}

/** Spans follow each other within their parent. */
function expectInTurn(parent: ReceivedSpan, parts: ReceivedSpan[]): void {
  const times = parts.flatMap(({ start: from, end: to }) => [from, to]);
  expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  expect(times[0]! >= parent.start && times.at(-1)! <= parent.end).toBe(true);
}

describe.each([['http/protobuf'], ['http/json']])('the trace of a request (%s)', (protocol) => {
  let modelId: string;
  beforeAll(async () => {
    const { app } = await start(
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: protocol },
      { WELLFORMED_API_KEYS: entry, WELLFORMED_PREDICT_BATCH_TOKENS: '16' },
    );
    modelId = (await registerTinyModel(app)).id;
    const ask = (id: string, body: unknown, more: Record<string, string> = {}) =>
      service!.client.request('POST', '/predict', body, { ...headers, ...more, 'x-request-id': id });
    const answers = [
      await ask('one', { sentence: secret }, { traceparent }),
      await ask('many', { sentences: Array.from({ length: 8 }, (_, i) => `The cat ${'sat '.repeat(i)}.`) }),
      await ask('bad', { sentence: '' }),
      await service!.client.request('GET', `/${encodeURIComponent(secret)}?${key}`, undefined, {
        ...headers,
        'x-request-id': 'lost',
      }),
      await service!.client.request('GET', '/health/ready'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 422, 404, 200]);
    await stop();
  });

  const ofRequest = (id: string) =>
    receiver.spans.find(({ attributes }) => attributes['wellformed.request.id'] === id)!;

  it('comes in the protocol that the environment names, from a service of this name', () => {
    const type = protocol === 'http/json' ? 'application/json' : 'application/x-protobuf';
    expect([...receiver.contentTypes]).toEqual([type]);
    expect(receiver.spans[0]!.resource).toMatchObject({
      'service.name': 'wellformed',
      'service.version': expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    });
  });

  it('joins the one that traceparent names', () => {
    const request = ofRequest('one');
    expect(request).toMatchObject({
      traceId: remote.traceId,
      parentSpanId: remote.spanId,
      name: 'POST /predict',
      kind: SERVER,
      status: 0,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/predict',
        'http.response.status_code': 200,
        'wellformed.key.name': 'head',
        'wellformed.model.id': modelId,
        'wellformed.precision': 'fp32',
        'wellformed.sentences': 1,
      },
    });
  });

  it('shows the loading of the model, tokenisation, the queue, the batch and the inference in it', () => {
    const request = ofRequest('one');
    const [model, tokenize, queue, batch] = ['model', 'tokenize', 'queue', 'batch'].map((name) =>
      span(name, request),
    ) as [ReceivedSpan, ReceivedSpan, ReceivedSpan, ReceivedSpan];
    expectInTurn(request, [model, tokenize, queue, batch]);
    const inference = span('inference', batch);
    expectInTurn(batch, [inference]);
    expect(inference.end > inference.start).toBe(true);
    expect(batch.attributes).toEqual({
      'wellformed.batch.sentences': 1,
      'wellformed.batch.tokens': expect.any(Number) as number,
    });
    for (const part of [model, tokenize, queue, batch, inference]) expect(part.traceId).toBe(remote.traceId);
  });

  it('has a span for each batch of many sentences, and one queue', () => {
    const request = ofRequest('many');
    expect(request.parentSpanId).toBe('');
    const children = receiver.spans.filter(({ parentSpanId }) => parentSpanId === request.spanId);
    const batches = children.filter(({ name }) => name === 'batch');
    expect(batches.length).toBeGreaterThan(1);
    const sentences = batches.map(({ attributes }) => attributes['wellformed.batch.sentences'] as number);
    expect(sentences.reduce((sum, count) => sum + count)).toBe(8);
    expectInTurn(request, [span('queue', request), batches[0]!]);
  });

  it('shows refusals, which are no errors of the service', () => {
    expect(ofRequest('bad')).toMatchObject({ status: 0, attributes: { 'http.response.status_code': 422 } });
    expect(ofRequest('lost')).toMatchObject({
      name: 'GET',
      attributes: { 'http.response.status_code': 404 },
    });
  });

  it('holds no sentence, no key and no address that somebody made up', () => {
    const text = JSON.stringify(receiver.spans, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect(text).toContain('POST /predict');
    for (const hidden of [secret, encodeURIComponent(secret), key]) expect(text).not.toContain(hidden);
  });

  it('is not made of health checks', () => {
    expect(receiver.spans.filter(({ name }) => name.includes('health'))).toEqual([]);
  });
});

describe('a request that fails', () => {
  afterEach(stop);

  it('has an error in its trace, and shows what it waited for', async () => {
    // A sentence waits for company longer than it may.
    const { app } = await start(
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/v1/traces` },
      { WELLFORMED_PREDICT_MAX_WAIT: '300 ms', WELLFORMED_PREDICT_DEADLINE: '50 ms' },
    );
    await registerTinyModel(app);
    const ask = (id: string) =>
      service!.client.request('POST', '/predict', { sentence: secret }, { 'x-request-id': id });
    await ask('first');
    await until(() => Promise.resolve(app.get(LoadedModels).held.some(({ state }) => state === 'ready')));
    expect((await ask('late')).status).toBe(503);
    await stop();
    const late = receiver.spans.find(({ attributes }) => attributes['wellformed.request.id'] === 'late')!;
    expect(late).toMatchObject({ status: ERROR, attributes: { 'error.type': '503' } });
    expect(span('queue', late)).toMatchObject({
      status: ERROR,
      attributes: { 'error.type': 'DeadlineExceededError' },
    });
  });
});

describe('the trace of a training', () => {
  it('has its phases, and says which request asked for it', { timeout: 180_000 }, async () => {
    const { folder, client } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    const tinyBert = fileURLToPath(new URL('./goldens/tiny-bert/', import.meta.url));
    cpSync(tinyBert, path.join(folder, 'base-models', 'tiny-bert'), { recursive: true });
    const form = formOf(practiceRows(64, 1), { epochs: '2', baseModel: 'tiny-bert' });
    const response = await service!.client.request('POST', '/train', form, { traceparent });
    expect(response.status).toBe(202);
    const { id } = (await response.json()) as RunDto;
    const { status, modelId } = await client.untilEnded(id);
    expect(status).toBe('succeeded');
    await stop();

    const request = span('POST /train');
    expect(request.attributes).toMatchObject({ 'wellformed.run.id': id });
    const run = span('training run');
    // A trace of its own: it may begin days after the request.
    expect(run.traceId).not.toBe(remote.traceId);
    expect(run).toMatchObject({
      parentSpanId: '',
      links: [{ traceId: remote.traceId, spanId: request.spanId }],
      status: 0,
      attributes: {
        'wellformed.run.id': id,
        'wellformed.run.status': 'succeeded',
        'wellformed.base_model': 'tiny-bert',
        'wellformed.engine': 'wasm',
        'wellformed.model.id': modelId,
      },
    });
    const phases = ['queue', 'downloading', 'preparing', 'training', 'exporting', 'registering'];
    expectInTurn(
      run,
      phases.map((name) => span(name, run)),
    );
    expect(span('training', run).events).toMatchObject([
      { name: 'epoch', attributes: { 'wellformed.epoch': 1 } },
      { name: 'epoch', attributes: { 'wellformed.epoch': 2 } },
    ]);
  });
});

describe('tracing that nobody asked for', () => {
  afterEach(stop);

  it.each([
    [{}],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_TRACES_EXPORTER: 'none' }],
  ])('loads nothing and watches nothing: %j', async (variables) => {
    const { app } = await start(variables as Record<string, string>);
    expect(app.get(Tracing).isOn).toBe(false);
    expect(app.get(Tracing).begin('anything')).toBeUndefined();
    expect((await service!.client.request('GET', '/datasets')).status).toBe(200);
  });
});

describe('a service in a process of its own', () => {
  it('sends its last spans when it is asked to end', async () => {
    receiver.spans.length = 0;
    const running = await startServiceProcess({ settings: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } });
    expect((await fetch(`${running.url}/datasets`)).status).toBe(200);
    await running.stop();
    expect(span('GET /datasets').resource).toMatchObject({ 'process.pid': running.pid });
  });

  it('works and ends as ever where nobody takes its spans, and says so once', async () => {
    const running = await startServiceProcess({
      settings: {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
        OTEL_BSP_SCHEDULE_DELAY: '50',
        OTEL_EXPORTER_OTLP_TIMEOUT: '300',
      },
    });
    const troubles = () =>
      running
        .logs()
        .split('\n')
        .filter((line) => line.includes('"OpenTelemetry"'));
    await until(async () => {
      expect((await fetch(`${running.url}/datasets`)).status).toBe(200);
      return troubles().length > 0;
    });
    await running.stop();
    expect(troubles()).toHaveLength(1);
    expect(JSON.parse(troubles()[0]!)).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('Traces could not be sent: ') as string,
    });
  });
});
