import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import {
  ProblemError,
  UnreachableError,
  Wellformed,
  type RunEvent,
  type RunEventData,
  type ScoredLine,
} from '../../packages/client/src/index.js';
import type { RunEventData as ServiceEventData } from '../../src/training/run-event.js';
import { newApiKey } from '../support/api-keys.js';
import { practiceRows } from '../support/practice-rows.js';
import { seededFolder } from '../support/seeded-folder.js';
import { removeFolders, startService as startServiceHere, type Service } from '../support/service.js';
import { startServiceProcess, type RunningService } from '../support/service-process.js';
import { registerTinyModel } from '../support/tiny-model.js';

/* The client over the built service, which asks for keys. */

const admin = newApiKey('head', 'admin');
const pupil = newApiKey('pupil', 'predict');

let data: string;
let model: string;
let service: RunningService;
let wellformed: Wellformed;

beforeAll(async () => {
  const seeded = await seededFolder();
  data = seeded.path;
  model = seeded.models[0]!;
  service = await startServiceProcess({
    data,
    settings: {
      WELLFORMED_API_KEYS: `${admin.entry},${pupil.entry}`,
    },
  });
  wellformed = new Wellformed({ baseUrl: `${service.url}/`, apiKey: admin.key });
});
afterAll(async () => {
  await service?.stop();
  rmSync(data, { recursive: true, force: true });
  removeFolders();
});

const fileOf = (text: string, name = 'rows.tsv') => new File([text], name);

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('This should have failed.');
    },
    (error: unknown) => error,
  );
}

async function problemOf(promise: Promise<unknown>, status: number): Promise<ProblemError> {
  const error = (await failureOf(promise)) as ProblemError;
  expect(error).toBeInstanceOf(ProblemError);
  expect([error.status, error.message]).toEqual([status, error.problem.detail]);
  return error;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('judging', () => {
  it('gives one judgement for a sentence and a list for a list', async () => {
    const one = await wellformed.judge('The cat sat on the mat.');
    expect(one.score).toBeGreaterThan(0);
    expect(one.model).toMatchObject({ id: model, alias: 'production' });
    const { predictions } = await wellformed.judge(['Cat the sat.', 'The cat sat on the mat.']);
    expect(predictions).toHaveLength(2);
    expect(predictions[1]!.score).toBeCloseTo(one.score, 5);
  });

  it('passes on by what and how to judge', async () => {
    const judgement = await wellformed.judge('We go.', {
      model,
      precision: 'fp32',
      logits: true,
      explain: true,
    });
    expect(judgement.model).toMatchObject({ id: model, alias: null, precision: 'fp32' });
    expect(judgement.logits).toHaveLength(2);
    expect(judgement.explanation!.map(({ word }) => word)).toEqual(['We', 'go', '.']);
  });

  it('compares pairs', async () => {
    const { pairs, counts } = await wellformed.compare([
      { a: 'The cat sat.', b: 'Cat the sat.' },
      { a: 'Cat the sat.', b: 'The cat sat.' },
    ]);
    expect(pairs[0]!.difference).toBeCloseTo(-pairs[1]!.difference, 5);
    expect(counts).toEqual({ a: 1, b: 1, equal: 0 });
  });

  it('scores lines in the order of the file, with what cannot be judged among them', async () => {
    const lines = ['The cat sat.', '', 'x'.repeat(10_001), 'Cat the sat.', ''];
    const scored = await all(wellformed.scoreFile(new Blob([lines.join('\r\n')]), { precision: 'fp32' }));
    expect(scored.map(({ line }) => line)).toEqual([1, 3, 4]);
    expect(scored[0]).toMatchObject({ sentence: 'The cat sat.', score: expect.any(Number) as number });
    expect(scored[1]!.error).toMatch(/at most 10000 characters/);
    expect(scored[2]!.score).toBeCloseTo((await wellformed.judge('Cat the sat.')).score, 5);
    expect(await all(wellformed.scoreFile('\n\n'))).toEqual([]);
  });
});

describe('training', () => {
  const small = { baseModel: 'tiny-bert', epochs: 1, promote: 'never' } as const;

  it('uploads data, adds data by name, and trains on them', async () => {
    const uploaded = await wellformed.uploadDataset(fileOf(practiceRows(40, 1)), { name: 'practice' });
    expect(uploaded).toMatchObject({ name: 'practice', rows: 40 });
    const added = await wellformed.addDataset('sample/validation', { name: 'lessons' });
    expect(added).toMatchObject({ name: 'lessons', catalogueEntry: { name: 'sample/validation' } });
    const run = await wellformed.train({
      ...small,
      datasetId: uploaded.id,
      validationDatasetId: added.id,
      classWeights: [2, 1],
    });
    expect(run).toMatchObject({ status: 'queued', datasetId: uploaded.id, validationDatasetId: added.id });
    expect(run.hyperparameters.classWeights).toEqual([2, 1]);
    const events = await all(wellformed.followRun(run.id));
    expect(events.at(-1)).toMatchObject({ type: 'status', data: { status: 'succeeded' } });
    // Every route is there, also those that have no method of their own.
    const { items } = await wellformed.api.training.list({ query: { limit: 1 } });
    expect(items.map((item) => item.id)).toEqual([run.id]);
    await wellformed.api.models.delete({ path: { id: items[0]!.modelId! } });
    await wellformed.api.training.delete({ path: { id: run.id } });
    await problemOf(wellformed.api.training.get({ path: { id: run.id } }), 404);
  });

  it('trains on files, and on a data set with a file to validate on', async () => {
    const fromFiles = await wellformed.train({
      ...small,
      file: fileOf(practiceRows(40, 2), 'lessons.tsv'),
      classWeights: [2, 1],
      evaluationSteps: null,
    });
    expect(fromFiles.hyperparameters).toMatchObject({
      epochs: 1,
      classWeights: [2, 1],
      evaluationSteps: null,
    });
    const mixed = await wellformed.train({
      ...small,
      datasetId: fromFiles.datasetId,
      validationFile: fileOf(practiceRows(20, 3)),
    });
    expect(mixed.datasetId).toBe(fromFiles.datasetId);
    const validation = await wellformed.api.datasets.get({ path: { id: mixed.validationDatasetId! } });
    expect(validation.rows).toBe(20);
    for (const { id } of [fromFiles, mixed]) await wellformed.api.training.cancel({ path: { id } });
  });

  it('reads what the service says of its fields', async () => {
    const { info, components } = await wellformed.document();
    expect(info.title).toBe('Wellformed');
    expect(components.schemas).toHaveProperty('TrainingJsonDto.properties.epochs.maximum', 20);
  });

  it('has a type for every event', () => {
    expectTypeOf<keyof RunEventData>().toEqualTypeOf<keyof ServiceEventData>();
    // Evaluations and epochs are shown as they are in the run, a step tells when the run will have ended; the others are as they are stored.
    type Stored = Exclude<keyof RunEventData, 'evaluation' | 'epoch' | 'step'>;
    expectTypeOf<Pick<ServiceEventData, Stored>>().toExtend<Pick<RunEventData, Stored>>();
  });
});

describe('following a run over a connection that breaks', () => {
  let proxy: CuttingProxy;
  let id: string;

  beforeAll(async () => {
    const run = await wellformed.train({
      file: fileOf(practiceRows(96, 4)),
      baseModel: 'tiny-bert',
      epochs: 4,
      promote: 'never',
    });
    id = run.id;
  });
  // On a port of its own: `fetch` keeps connections, and would find one of the last test cut.
  beforeEach(async () => {
    proxy = await CuttingProxy.start(Number(new URL(service.url).port));
  });
  afterEach(() => proxy.stop());

  it('has every event once, in order, to the end', async () => {
    // In the middle of an event, and each time of another one.
    proxy.cutAfter(900, 1000, 1100);
    const told: boolean[] = [];
    const throughProxy = new Wellformed({ baseUrl: proxy.url, apiKey: admin.key });
    const events = await all(throughProxy.followRun(id, { onConnection: (state) => told.push(state) }));
    expect(proxy.cuts).toBe(3);
    expect(told.filter((isConnected) => !isConnected)).toHaveLength(3);
    const stored: RunEvent[] = await all(wellformed.followRun(id));
    expect(stored.map((event) => event.id)).toEqual(stored.map((_, index) => index + 1));
    expect(events).toEqual(stored);
    expect(stored.at(-1)).toMatchObject({ type: 'status', data: { status: 'succeeded' } });
  });

  it('waits for a service that is away', async () => {
    await proxy.refuse();
    const told: boolean[] = [];
    const throughProxy = new Wellformed({ baseUrl: proxy.url, apiKey: admin.key });
    const events = await all(
      throughProxy.followRun(id, {
        onConnection: (isConnected) => {
          told.push(isConnected);
          if (!isConnected) void proxy.restore();
        },
      }),
    );
    expect(told.slice(0, 2)).toEqual([false, true]);
    expect(events.at(-1)).toMatchObject({ type: 'status', data: { status: 'succeeded' } });
  });

  it('goes on after an event, and ends at once where there is none left', async () => {
    const events = await all(wellformed.followRun(id));
    const middle = events[Math.floor(events.length / 2)]!.id;
    const rest = await all(wellformed.followRun(id, { lastEventId: middle }));
    expect(rest).toEqual(events.slice(middle));
    expect(await all(wellformed.followRun(id, { lastEventId: events.at(-1)!.id }))).toEqual([]);
  });

  it('ends when it is told to, also while it waits', async () => {
    await proxy.refuse();
    const abort = new AbortController();
    const throughProxy = new Wellformed({ baseUrl: proxy.url, apiKey: admin.key });
    const events = throughProxy.followRun(id, { signal: abort.signal, onConnection: () => abort.abort() });
    expect(await all(events)).toEqual([]);
    expect(abort.signal.aborted).toBe(true);
    expect(await all(wellformed.followRun(id, { signal: AbortSignal.abort() }))).toEqual([]);
  });

  it('does not go on asking where the answer will stay an error', async () => {
    await problemOf(all(wellformed.followRun('run_1')), 404);
    const stranger = new Wellformed({ baseUrl: service.url, apiKey: 'wf_no' });
    await problemOf(all(stranger.followRun(id)), 401);
  });
});

describe('errors', () => {
  it('tell what is wrong with a file, by line', async () => {
    const upload = wellformed.uploadDataset(fileOf('1\tWe go.\n7\tWe went.\n0\t\n'));
    const error = await problemOf(upload, 422);
    expect(error.errors).toEqual([
      { line: 2, column: 1, message: expect.stringMatching(/"7".*Write 1/) as string },
      { line: 3, column: 2, message: expect.any(String) as string },
    ]);
    expect(error.problem.errorCount ?? error.errors.length).toBe(2);
  });

  it('tell which fields are wrong', async () => {
    const training = wellformed.train({ datasetId: 'ds_1', epochs: 0 });
    const { errors } = await problemOf(training, 422);
    expect(errors).toContainEqual(expect.objectContaining({ pointer: '#/epochs' }));
  });

  it('tell a missing key, a wrong key, and one that may not', async () => {
    const url = service.url;
    await problemOf(new Wellformed({ baseUrl: url }).judge('We go.'), 401);
    const wrong = await problemOf(new Wellformed({ baseUrl: url, apiKey: 'wf_no' }).judge('We go.'), 401);
    expect(wrong.errors).toEqual([]);
    const predicting = new Wellformed({ baseUrl: url, apiKey: pupil.key });
    await problemOf(predicting.uploadDataset(fileOf(practiceRows(4, 1))), 403);
    await problemOf(all(predicting.scoreFile('We go.', { model: 'mdl_1' })), 404);
  });

  it('ask for the key before each request', async () => {
    const keys = ['wf_no', pupil.key];
    const changing = new Wellformed({ baseUrl: service.url, apiKey: () => keys.shift() });
    await problemOf(changing.judge('We go.'), 401);
    expect((await changing.judge('We go.')).score).toBeGreaterThan(0);
  });

  it('say that the service cannot be reached, whatever is asked of it', async () => {
    const proxy = await CuttingProxy.start(0);
    await proxy.stop();
    const away = new Wellformed({ baseUrl: proxy.url });
    const askings = [
      away.judge('We go.'),
      away.compare([{ a: 'We go.', b: 'Go we.' }]),
      away.uploadDataset(fileOf('1\tWe go.\n')),
      away.addDataset('sample/train'),
      away.train({ file: fileOf('1\tWe go.\n') }),
      away.train({ datasetId: 'ds_1' }),
      away.document(),
      all(away.scoreFile('We go.')),
      away.api.models.list(),
    ];
    for (const error of (await Promise.all(askings.map(failureOf))) as UnreachableError[]) {
      expect(error).toBeInstanceOf(UnreachableError);
      expect(error.message).toMatch(/^The service did not answer/);
      expect(error.cause).toBeInstanceOf(Error);
    }
  });

  it('say so too where the answer is cut off', async () => {
    const proxy = await CuttingProxy.start(Number(new URL(service.url).port));
    const throughProxy = new Wellformed({ baseUrl: proxy.url, apiKey: admin.key });
    for (const ask of [() => throughProxy.document(), () => throughProxy.api.baseModels.list()]) {
      proxy.cutAfter(2000);
      expect(await failureOf(ask())).toBeInstanceOf(UnreachableError);
    }
    await proxy.stop();
  });
});

describe('an abort', () => {
  it('stays what it is, before and during a request', async () => {
    const before = { signal: AbortSignal.abort() };
    const askings = [
      wellformed.judge('We go.', before),
      wellformed.compare([{ a: 'We go.', b: 'Go we.' }], before),
      wellformed.uploadDataset(fileOf('1\tWe go.\n'), before),
      wellformed.addDataset('sample/train', before),
      wellformed.train({ file: fileOf('1\tWe go.\n') }, before),
      wellformed.train({ datasetId: 'ds_1' }, before),
      wellformed.document(before.signal),
      all(wellformed.scoreFile('We go.', before)),
    ];
    for (const error of await Promise.all(askings.map(failureOf))) {
      expect((error as Error).name).toBe('AbortError');
    }
    const reason = new Error('The reader went on.');
    const abort = new AbortController();
    const judging = failureOf(wellformed.judge('We go.', { signal: abort.signal }));
    abort.abort(reason);
    expect(await judging).toBe(reason);
  });

  it('ends the scoring of a file between two lines, and whoever stops reading ends what is under way', async () => {
    const text = 'The cat sat.\n'.repeat(5000);
    const abort = new AbortController();
    const read: ScoredLine[] = [];
    const scoring = (async () => {
      for await (const line of wellformed.scoreFile(text, { signal: abort.signal })) {
        read.push(line);
        if (read.length === 10) abort.abort();
      }
    })();
    expect(((await failureOf(scoring)) as Error).name).toBe('AbortError');
    expect(read).toHaveLength(10);

    const signals: AbortSignal[] = [];
    const watched = new Wellformed({
      baseUrl: service.url,
      apiKey: pupil.key,
      fetch: (input, init) => {
        signals.push(init!.signal!);
        return fetch(input, init);
      },
    });
    for await (const { line } of watched.scoreFile(text)) if (line === 3) break;
    expect(signals.length).toBeGreaterThan(1);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });
});

describe('a service that asks to wait', () => {
  let limited: Service;
  beforeAll(async () => {
    limited = await startServiceHere(undefined, {
      WELLFORMED_RATE_LIMIT: '3',
    });
    await registerTinyModel(limited.app);
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(() => limited?.stop());

  /** A client that lets look at each answer as it comes. */
  const watched = async (look: (response: Response) => void) =>
    new Wellformed({
      baseUrl: await limited.app.getUrl(),
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        look(response);
        return response;
      },
    });

  it('gets the 2,000 lines of a file when it says so, and they come in order', async () => {
    // The clock of the service stands still, a second and a half before a new minute begins, until it has said that one has to wait.
    // It is ahead of the real one, so that nothing which other tests asked for counts.
    const { now } = Date;
    const start = now() + 120_000;
    let time = () => start;
    vi.spyOn(Date, 'now').mockImplementation(() => time());
    const statuses: number[] = [];
    const waits: (string | null)[] = [];
    const client = await watched(({ status, headers }) => {
      statuses.push(status);
      if (status !== 429) return;
      waits.push(headers.get('retry-after'));
      if (waits.length > 1) return;
      const [from, since] = [time(), now()];
      time = () => from + now() - since;
    });
    await client.api.models.list();
    time = () => start + 58_500;
    const lines = Array.from({ length: 2000 }, (_, index) => `The cat sat on mat ${index}.`);
    const scored = await all(client.scoreFile(lines.join('\n')));
    expect(scored.map(({ line, sentence }) => [line, sentence])).toEqual(
      lines.map((sentence, index) => [index + 1, sentence]),
    );
    expect(scored.every(({ score }) => score! > 0 && score! < 1)).toBe(true);
    // What was refused waited for as long as it was told to, and was not refused again.
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    expect(waits[0]).toBe('2');
    expect(waits.length).toBeLessThanOrEqual(2);
  });

  it('is not waited for by who has aborted', async () => {
    const abort = new AbortController();
    // A minute from then, which is longer than this test may take.
    const client = await watched(({ status }) => {
      if (status === 429) setTimeout(() => abort.abort());
    });
    const scoring = all(client.scoreFile('We go.\n'.repeat(2000), { signal: abort.signal }));
    expect(((await failureOf(scoring)) as Error).name).toBe('AbortError');
    const error = await problemOf(client.judge('We go.'), 429);
    expect(error.retryAfterSeconds).toBeGreaterThan(0);
    expect(error.message).toContain('3 requests per minute');
  }, 30_000);
});

/** Passes connections on to a port, and cuts some of them off. */
class CuttingProxy {
  /** Connections that were cut. */
  cuts = 0;
  private limits: number[] = [];
  private readonly sockets = new Set<Socket>();
  private port = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {
    server.on('connection', (client) => this.passOn(client));
  }

  /** @param target a port of this machine */
  static async start(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(createServer(), target);
    await proxy.restore();
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Cuts off the next connections, each after so many bytes of answers. */
  cutAfter(...bytes: number[]): void {
    this.dropConnections();
    this.limits = bytes;
  }

  /** Refuses connections until `restore`. */
  async refuse(): Promise<void> {
    this.dropConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  async restore(): Promise<void> {
    this.limits = [];
    if (this.server.listening) return;
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    if (this.server.listening) await this.refuse();
  }

  private dropConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private passOn(client: Socket): void {
    const upstream = connect(this.target, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    client.pipe(upstream);
    let left = this.limits.shift() ?? Infinity;
    upstream.on('data', (chunk) => {
      client.write(chunk.subarray(0, Math.min(left, chunk.length)));
      left -= chunk.length;
      if (left > 0) return;
      this.cuts++;
      client.destroySoon();
    });
  }
}
