import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { Webhook } from 'standardwebhooks';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultHyperparameters } from '../src/bert/fine-tuning/hyperparameters.js';
import type { DatasetDto } from '../src/datasets/dto/dataset.dto.js';
import { Database } from '../src/storage/sqlite.js';
import { queuedRun } from '../src/training/run.js';
import type { RunDto } from '../src/training/dto/run.dto.js';
import { RunsRepository } from '../src/training/runs.repository.js';
import type { DeliveryDto, DeliveryPageDto, WebhooksDto } from '../src/webhooks/dto/delivery.dto.js';
import { formOf, problemOf } from './support/http.js';
import { practiceRows } from './support/practice-rows.js';
import { removeFolders, startService, until, type Service } from './support/service.js';
import { runServiceProcess, type RunningService } from './support/service-process.js';
import * as trainer from './support/trainer.js';
import { startWebhookReceiver, type WebhookReceiver } from './support/webhook-receiver.js';

const secret = `whsec_${randomBytes(32).toString('base64')}`;
const webhook = new Webhook(secret);
const baseModels = trainer.tinyBaseModels();

let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await startWebhookReceiver();
});
beforeEach(() => {
  receiver.received.length = 0;
  receiver.answer = (response) => response.writeHead(204).end();
});
afterAll(async () => {
  await receiver.stop();
  removeFolders();
});

const settings = () => ({
  WELLFORMED_WEBHOOK_URL: `${receiver.url}/hook?token=t0ken`,
  WELLFORMED_WEBHOOK_SECRET: secret,
  WELLFORMED_WEBHOOK_ALLOW_PRIVATE: 'true',
});

/** Stores a run that waits, and that the queue does not know of. */
async function waitingRun(service: Service): Promise<string> {
  const answer = await service.client.request('POST', '/datasets', formOf(practiceRows(20, 1)));
  const { id: datasetId } = (await answer.json()) as DatasetDto;
  const hyperparameters = { ...defaultHyperparameters, maxLength: 'auto' as const, validationFraction: 0.1 };
  const order = { datasetId, validationDatasetId: null, promote: 'auto' as const, hyperparameters };
  const run = queuedRun({ ...order, name: 'café', baseModel: 'tiny-bert' });
  await service.app.get(RunsRepository).insert(run);
  return run.id;
}

/** Free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const cancel = (service: Service, runId: string) => service.client.request('POST', `/train/${runId}/cancel`);
const deliveriesOf = async (service: Service, query: string) =>
  (await service.client.json<DeliveryPageDto>(200, 'GET', `/webhooks/deliveries?${query}`)).items;
const read = (service: Service, id: string) =>
  service.client.json<DeliveryDto>(200, 'GET', `/webhooks/deliveries/${id}`);

/** Ends a run, and waits for its delivery to get a status, or an attempt. */
async function delivered(service: Service, isSo: (delivery: DeliveryDto) => boolean): Promise<DeliveryDto> {
  const runId = await waitingRun(service);
  expect((await cancel(service, runId)).status).toBe(202);
  let found!: DeliveryDto;
  await until(async () => {
    const [summary] = await deliveriesOf(service, `runId=${runId}`);
    found = await read(service, summary!.id);
    return isSo(found);
  });
  return found;
}

describe('webhooks that are off', () => {
  it('store and send nothing, and say how to turn them on', async () => {
    const service = await startService();
    expect(await service.client.json(200, 'GET', '/webhooks')).toEqual({ state: 'off', receiver: null });
    const runId = await waitingRun(service);
    expect((await cancel(service, runId)).status).toBe(202);
    expect(await deliveriesOf(service, '')).toEqual([]);
    const { detail } = await problemOf(await service.client.request('POST', '/webhooks/test'), 409);
    expect(detail).toContain('Set WELLFORMED_WEBHOOK_URL and WELLFORMED_WEBHOOK_SECRET');
    await service.stop();
  });
});

describe('webhooks', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService(undefined, settings());
  });
  afterAll(() => service.stop());

  it('tell of a run that ends, signed as Standard Webhooks has it', async () => {
    const { message, ...delivery } = await delivered(service, ({ status }) => status === 'delivered');
    const [received, ...more] = receiver.received;
    expect(more).toEqual([]);
    expect(received).toMatchObject({
      path: '/hook?token=t0ken',
      headers: { 'content-type': 'application/json', 'webhook-id': delivery.id },
    });
    expect(received!.headers['user-agent']).toMatch(/^Wellformed\/\d/);
    expect(webhook.verify(received!.body, received!.headers)).toEqual(message);
    expect(message).toEqual({
      type: 'run.cancelled',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/) as string,
      data: {
        runId: delivery.runId,
        status: 'cancelled',
        name: 'café',
        baseModel: 'tiny-bert',
        datasetId: expect.stringMatching(/^ds_/) as string,
        modelId: null,
        mcc: null,
        error: null,
      },
    });
    const attempt = { redelivery: false, status: 204, answer: '', error: null };
    expect(delivery).toMatchObject({ type: 'run.cancelled', attempts: [attempt], lastAttempt: attempt });
    expect(delivery.nextAttemptAt).toBeNull();
    expect(
      await service.client.metric('wellformed_webhook_attempts_total{outcome="delivered"}'),
    ).toBeGreaterThan(0);
    expect(await service.client.metric('wellformed_webhook_deliveries{status="delivered"}')).toBeGreaterThan(
      0,
    );
  });

  it('show no secret, and of the address only where it is', async () => {
    const { id } = await service.client.json<DeliveryDto>(201, 'POST', '/webhooks/test');
    expect(await service.client.json(200, 'GET', '/webhooks')).toEqual({
      state: 'on',
      receiver: receiver.url,
    });
    for (const route of [
      '/webhooks',
      '/webhooks/deliveries',
      `/webhooks/deliveries/${id}`,
      '/metrics',
      '/openapi.json',
    ]) {
      const text = await (await service.client.request('GET', route)).text();
      expect(text).not.toContain(secret.slice('whsec_'.length));
      expect(text).not.toContain('t0ken');
    }
  });

  it('are tried again later, and can be delivered again at once', async () => {
    receiver.answer = (response) => response.writeHead(503, { 'retry-after': '3600' }).end('busy');
    const failed = await delivered(service, ({ attempts }) => attempts.length > 0);
    expect(failed).toMatchObject({
      status: 'pending',
      lastAttempt: { redelivery: false, status: 503, answer: 'busy', error: null },
    });
    const pause = Date.parse(failed.nextAttemptAt!) - Date.parse(failed.lastAttempt!.at);
    expect(pause).toBeGreaterThanOrEqual(3600_000);
    expect((await deliveriesOf(service, 'status=pending')).map(({ id }) => id)).toContain(failed.id);

    const route = `/webhooks/deliveries/${failed.id}/redeliver`;
    const again = await service.client.json<DeliveryDto>(200, 'POST', route);
    expect(again).toMatchObject({ status: 'pending', nextAttemptAt: failed.nextAttemptAt });
    receiver.answer = (response) => response.writeHead(200).end('thanks');
    const done = await service.client.json<DeliveryDto>(200, 'POST', route);
    expect(done).toMatchObject({ status: 'delivered', nextAttemptAt: null });
    expect(done.attempts.map(({ status, redelivery }) => [status, redelivery])).toEqual([
      [503, false],
      [503, true],
      [200, true],
    ]);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(
      new Set([failed.id]),
    );
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
  });

  it('end at 410 until a test is accepted', async () => {
    receiver.answer = (response) => response.writeHead(410).end();
    const refused = await delivered(service, ({ attempts }) => attempts.length > 0);
    expect(refused).toMatchObject({ status: 'failed', nextAttemptAt: null });
    expect(await service.client.json<WebhooksDto>(200, 'GET', '/webhooks')).toMatchObject({
      state: 'stopped',
    });
    const skipped = await delivered(service, ({ status }) => status === 'skipped');
    expect(skipped).toMatchObject({ attempts: [], lastAttempt: null });
    expect(receiver.received).toHaveLength(1);

    receiver.answer = (response) => response.writeHead(200).end();
    await service.client.json(201, 'POST', '/webhooks/test');
    expect(await service.client.json<WebhooksDto>(200, 'GET', '/webhooks')).toMatchObject({ state: 'on' });
    expect((await delivered(service, ({ status }) => status !== 'pending')).status).toBe('delivered');
    const caughtUp = await service.client.json(200, 'POST', `/webhooks/deliveries/${skipped.id}/redeliver`);
    expect(caughtUp).toMatchObject({ status: 'delivered' });
  });

  it('answer a test with what came of it, and do not repeat one that failed', async () => {
    const answer = await service.client.request('POST', '/webhooks/test');
    const test = (await answer.json()) as DeliveryDto;
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `/webhooks/deliveries/${test.id}`]);
    expect(test).toMatchObject({
      type: 'webhook.test',
      runId: null,
      status: 'delivered',
      message: { data: {} },
    });
    expect(await read(service, test.id)).toEqual(test);
    expect(webhook.verify(receiver.received[0]!.body, receiver.received[0]!.headers)).toEqual(test.message);

    receiver.answer = (response) => response.writeHead(302, { location: `${receiver.url}/else` }).end();
    const redirected = await service.client.json<DeliveryDto>(201, 'POST', '/webhooks/test');
    expect(redirected).toMatchObject({ status: 'failed', nextAttemptAt: null, lastAttempt: { status: 302 } });
    receiver.answer = (response) => response.destroy();
    const cutOff = await service.client.json<DeliveryDto>(201, 'POST', '/webhooks/test');
    expect(cutOff.lastAttempt).toMatchObject({
      status: null,
      error: '127.0.0.1 could not be reached: it closed the connection without an answer.',
    });
    expect(receiver.received.map(({ path }) => path)).toEqual(Array(3).fill('/hook?token=t0ken'));
  });

  it('are stored with the end of the run, or neither is', async () => {
    const runId = await waitingRun(service);
    const dataSource = service.app.get(DataSource);
    await dataSource.query(
      `CREATE TRIGGER refuse BEFORE INSERT ON webhook_deliveries BEGIN SELECT RAISE(ABORT, 'refused'); END`,
    );
    try {
      expect((await cancel(service, runId)).status).toBe(500);
    } finally {
      await dataSource.query('DROP TRIGGER refuse');
    }
    const { status } = await service.client.json<RunDto>(200, 'GET', `/train/${runId}`);
    expect([status, await deliveriesOf(service, `runId=${runId}`)]).toEqual(['queued', []]);
    expect((await cancel(service, runId)).status).toBe(202);
    expect(await deliveriesOf(service, `runId=${runId}`)).toHaveLength(1);
  });

  it('outlive their run, and tell of a run of which something cannot be read', async () => {
    const runId = await waitingRun(service);
    await service.app.get(DataSource).query(`UPDATE runs SET hyperparameters = '{' WHERE id = ?`, [runId]);
    await service.app.get(RunsRepository).transition(runId, { status: 'cancelled' });
    const [{ id } = { id: '' }] = await deliveriesOf(service, `runId=${runId}`);
    expect((await read(service, id)).message.data).toMatchObject({ runId, status: 'cancelled', name: null });
    const other = await delivered(service, ({ status }) => status === 'delivered');
    await service.client.json(204, 'DELETE', `/train/${other.runId}`);
    expect(await read(service, other.id)).toEqual(other);
  });

  it('are listed page by page, and refuse what is no status, run or delivery', async () => {
    for (let i = 0; i < 3; i++) await service.client.json(201, 'POST', '/webhooks/test');
    const first = await service.client.json<DeliveryPageDto>(200, 'GET', '/webhooks/deliveries?limit=2');
    const next = await service.client.json<DeliveryPageDto>(
      200,
      'GET',
      `/webhooks/deliveries?limit=2&cursor=${first.nextCursor}`,
    );
    const ids = [...first.items, ...next.items].map(({ id }) => id);
    expect(ids.slice(0, 3)).toEqual([...ids.slice(0, 3)].sort().reverse());
    expect(new Set(ids).size).toBe(ids.length);
    const wrong = await problemOf(
      await service.client.request('GET', '/webhooks/deliveries?status=lost&runId=1'),
      422,
    );
    expect(wrong.errors?.map(({ message }) => message)).toEqual([
      'status must be one of pending, delivered, failed, skipped',
      'runId must be the id of a run, see GET /train',
    ]);
    for (const [method, route] of [
      ['GET', '/webhooks/deliveries/msg_1'],
      ['POST', '/webhooks/deliveries/msg_1/redeliver'],
    ] as const) {
      const { detail } = await problemOf(await service.client.request(method, route), 404);
      expect(detail).toContain('GET /webhooks/deliveries lists them');
    }
  });
});

describe('a private address', () => {
  it('gets nothing behind a name, unless that is allowed', async () => {
    const url = receiver.url.replace('127.0.0.1', 'localhost');
    const service = await startService(undefined, {
      WELLFORMED_WEBHOOK_URL: url,
      WELLFORMED_WEBHOOK_SECRET: secret,
    });
    const { status, lastAttempt } = await service.client.json<DeliveryDto>(201, 'POST', '/webhooks/test');
    expect([status, lastAttempt?.status]).toEqual(['failed', null]);
    expect(lastAttempt?.error).toMatch(
      /localhost is \S+, which is not a public address\. Set WELLFORMED_WEBHOOK/,
    );
    expect(receiver.received).toEqual([]);
    expect(await service.client.metric('wellformed_webhook_attempts_total{outcome="forbidden"}')).toBe(1);
    await service.stop();
  });

  it('is refused at the start where the address says so, as a wrong secret is, with advice and without the secret', async () => {
    const { code, output } = await runServiceProcess({
      WELLFORMED_WEBHOOK_URL: 'http://10.0.0.1/t0ken',
      WELLFORMED_WEBHOOK_SECRET: 'whsec_wr0ng',
    });
    expect(code).toBe(1);
    expect(output).toContain(
      'WELLFORMED_WEBHOOK_URL has a private address. Set WELLFORMED_WEBHOOK_ALLOW_PRIVATE=true',
    );
    expect(output).toContain(
      'WELLFORMED_WEBHOOK_SECRET must be whsec_ and 24 to 64 random bytes in base64; node -p',
    );
    expect(output).not.toMatch(/wr0ng|t0ken/);
  });
});

describe('the receivers of docs/webhooks.md', () => {
  const page = readFileSync('docs/webhooks.md', 'utf8');
  const sourceOf = (language: string) =>
    new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(page)![1]!;
  const hasPython = spawnSync('python3', ['--version']).status === 0;
  if (!hasPython) console.warn('The receiver in Python is not tested: install python3.');

  it.skipIf(!hasPython)('accept what the service sends, and nothing else: Python', () =>
    tryOut('python3', ['-c', sourceOf('python')]),
  );
  it('accept what the service sends, and nothing else: Node.js', () =>
    tryOut(process.execPath, ['--input-type=module', '-e', sourceOf('js')]));

  async function tryOut(program: string, args: string[]): Promise<void> {
    const port = await freePort();
    const env = { ...process.env, WEBHOOK_SECRET: secret, PORT: String(port) };
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const url = `http://127.0.0.1:${port}/`;
    try {
      // Not signed.
      await until(async () => {
        const answer = await fetch(url, { method: 'POST', body: '{}' }).catch(() => undefined);
        return answer?.status === 400;
      });
      const wrong = `whsec_${randomBytes(32).toString('base64')}`;
      for (const [signedWith, statuses] of [
        [wrong, ['failed', 400]],
        [`${wrong},${secret}`, ['delivered', 204]],
      ] as const) {
        const service = await startService(undefined, {
          ...settings(),
          WELLFORMED_WEBHOOK_URL: url,
          WELLFORMED_WEBHOOK_SECRET: signedWith,
        });
        const { status, lastAttempt } = await service.client.json<DeliveryDto>(201, 'POST', '/webhooks/test');
        expect([status, lastAttempt?.status]).toEqual(statuses);
        await service.stop();
      }
      await expect.poll(() => printed).toBe('webhook.test {}\n');
    } finally {
      child.kill();
    }
  }
});

describe('a service that is started again', () => {
  it('goes on with what waits for its next attempt', async () => {
    const service = await startService(undefined, settings());
    receiver.answer = (response) => response.writeHead(500).end();
    const failed = await delivered(service, ({ attempts }) => attempts.length > 0);
    await service.stop();
    // As if the pause were over.
    const database = new Database(path.join(service.folder, 'wellformed.sqlite'));
    database
      .prepare('UPDATE webhook_deliveries SET next_attempt_at = ? WHERE id = ?')
      .run(new Date(0).toISOString(), failed.id);
    database.close();

    receiver.answer = (response) => response.writeHead(204).end();
    const next = await startService(service.folder, settings());
    await until(async () => (await read(next, failed.id)).status === 'delivered');
    expect((await read(next, failed.id)).attempts.map(({ status }) => status)).toEqual([500, 204]);
    const [before, after] = receiver.received.map(({ headers }) => headers);
    expect(after!['webhook-id']).toBe(before!['webhook-id']);
    await next.stop();
  });

  it('loses no message where it was killed', { timeout: 180_000 }, async () => {
    let service: RunningService = await trainer.startTrainer(baseModels, { settings: settings() });
    const { data } = service;
    try {
      const asked = new Promise<void>((resolve) => {
        // The message has come, and nobody answers it.
        receiver.answer = () => resolve();
      });
      const run = await service.client.start(trainer.quick(await service.client.uploadPractice(60, 3)));
      await asked;
      await service.kill();
      receiver.answer = (response) => response.writeHead(204).end();
      service = await trainer.startTrainer(baseModels, { data, settings: settings() });
      await until(async () => {
        const page = await service.client.json<DeliveryPageDto>(
          200,
          'GET',
          '/webhooks/deliveries?status=delivered',
        );
        return page.items.length > 0;
      });
      const ended = await service.client.json<RunDto>(200, 'GET', `/train/${run.id}`);
      const [first, second] = receiver.received;
      expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
      expect(webhook.verify(second!.body, second!.headers)).toMatchObject({
        type: 'run.succeeded',
        data: { runId: run.id, modelId: ended.modelId, mcc: ended.mcc },
      });
      expect(ended.modelId).toMatch(/^mdl_/);
      // Its lines of the log are fit to be shown.
      expect(service.logs()).toContain('(run.succeeded) was delivered');
      expect(service.logs()).not.toContain(secret.slice('whsec_'.length));
      expect(service.logs()).not.toContain('t0ken');
    } finally {
      await service.stop();
      rmSync(data, { recursive: true, force: true });
    }
  });
});
