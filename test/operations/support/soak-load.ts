import { once, setMaxListeners } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  DatasetDto,
  EvaluationDto,
  ModelDto,
  PredictionsDto,
  RunDto,
} from '../../../packages/client/src/index.js';
import { formOf } from '../../support/http.js';
import { practiceRows } from '../../support/practice-rows.js';

/** As many model versions stay; older ones are deleted with all that belongs to them. */
const KEPT_MODELS = 3;

interface Kept {
  run: RunDto;
  modelId: string;
}

/** Everything that users do, all at once and again and again, until it is told to end. */
export class SoakLoad {
  /** What went otherwise than it should. */
  readonly errors: string[] = [];
  /** How often each thing was done. */
  readonly done: Record<string, number> = {};
  private readonly kept: Kept[] = [];
  private readonly stopped = new AbortController();
  /** Moves of the alias and deletions take turns: what an alias points to cannot be deleted. */
  private turn: Promise<unknown> = Promise.resolve();
  private seed = 1;

  constructor(private readonly url: string) {
    setMaxListeners(0, this.stopped.signal);
  }

  /** Trains models and asks them, so that as much is loaded as later on: each takes a thread, and that some files. */
  async prepare(): Promise<void> {
    for (let i = 0; i < KEPT_MODELS; i++) {
      await this.train();
      await this.moveAlias();
      for (let precision = 0; precision < 2; precision++) await this.predictById();
    }
  }

  /** Until `stop` is called. */
  async run(): Promise<void> {
    const loops = [
      this.repeat('singles', 5, () => this.predictOne()),
      this.repeat('batches', 5, () => this.predictMany()),
      this.repeat('predictions by id', 20, () => this.predictById()),
      this.repeat('streams', 100, () => this.stream()),
      this.repeat('streams left early', 500, () => this.leaveStream()),
      this.repeat('broken requests', 500, () => this.breakOff()),
      this.repeat('uploads', 300, () => this.upload()),
      this.repeat('wrong uploads', 1000, () => this.uploadWrongly()),
      this.repeat('alias moves', 1000, () => this.moveAlias()),
      this.repeat('trainings', 500, () => this.train()),
      this.repeat('cancelled trainings', 5000, () => this.cancelTraining()),
      this.repeat('evaluations', 2000, () => this.evaluate()),
      this.repeat('files', 2000, () => this.download()),
    ];
    await Promise.all(loops);
  }

  stop(): void {
    this.stopped.abort();
  }

  /** @param pause milliseconds between two, so that the processor is not all that is measured */
  private async repeat(name: string, pause: number, work: () => Promise<void>): Promise<void> {
    this.done[name] = 0;
    while (!this.stopped.signal.aborted) {
      try {
        await work();
        this.done[name]++;
      } catch (error) {
        if (this.errors.length < 100) this.errors.push(`${name}: ${describe(error)}`);
      }
      await sleep(pause, undefined, { signal: this.stopped.signal }).catch(() => undefined);
    }
  }

  private async ask<T>(status: number, method: string, path: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(this.url + path, { method, ...init });
    const text = await response.text();
    if (response.status !== status) {
      throw new Error(`${method} ${path} gave ${response.status}, not ${status}: ${text}`);
    }
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return (isJson ? JSON.parse(text) : text) as T;
  }

  private send<T>(status: number, method: string, path: string, body: unknown): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    return this.ask<T>(status, method, path, { body: JSON.stringify(body), headers });
  }

  private sentences(count: number): string[] {
    return practiceRows(count, this.seed++)
      .split('\n')
      .slice(0, count)
      .map((row) => row.split('\t')[0]!);
  }

  private async predictOne(): Promise<void> {
    const [sentence] = this.sentences(1);
    const headers = { 'content-type': 'text/plain' };
    await this.ask(200, 'POST', '/predict', { body: sentence!, headers });
    await this.send(200, 'POST', '/predict', { sentence });
  }

  private async predictMany(): Promise<void> {
    const sentences = this.sentences(1 + (this.seed % 40));
    const { predictions } = await this.send<PredictionsDto>(200, 'POST', '/predict', { sentences });
    if (predictions.length !== sentences.length) throw new Error(`${predictions.length} predictions came`);
  }

  private async predictById(): Promise<void> {
    await this.inTurn(async () => {
      const { modelId: model } = this.kept.at(-1)!;
      const sentences = this.sentences(3);
      const precision = this.seed % 2 === 0 ? 'int8' : 'fp32';
      await this.send(200, 'POST', '/predict', { sentences, model, precision });
    });
  }

  private async stream(): Promise<void> {
    const count = 500;
    const body = this.ndjson(count);
    const headers = { 'content-type': 'application/x-ndjson' };
    const text = await this.ask<string>(200, 'POST', '/predict', { body, headers });
    const lines = text.trimEnd().split('\n');
    if (lines.length !== count || lines.some((line) => line.includes('"error"'))) {
      throw new Error(`A stream of ${count} sentences gave ${lines.length} lines: ${lines.at(-1)}`);
    }
  }

  private async leaveStream(): Promise<void> {
    const leaving = new AbortController();
    const headers = { 'content-type': 'application/x-ndjson' };
    const { signal } = leaving;
    const response = await fetch(`${this.url}/predict`, {
      method: 'POST',
      body: this.ndjson(2000),
      headers,
      signal,
    });
    await response.body!.getReader().read();
    leaving.abort();
  }

  private ndjson(count: number): string {
    return this.sentences(count)
      .map((sentence) => `${JSON.stringify({ sentence })}\n`)
      .join('');
  }

  /** Half a request, and the connection is reset. */
  private async breakOff(): Promise<void> {
    const { hostname, port } = new URL(this.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    // The service may be faster in closing it.
    socket.on('error', () => undefined);
    const path = this.seed++ % 2 === 0 ? '/predict' : '/datasets';
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 10000\r\n\r\n` +
        '--b\r\ncontent-disposition: form-data; name="file"; filename="x.tsv"\r\n\r\n1\tWe go.\n',
    );
    await sleep(20);
    socket.resetAndDestroy();
  }

  private async upload(): Promise<void> {
    const rows = 200 + (this.seed % 1000);
    const body = formOf(practiceRows(rows, this.seed++));
    const dataset = await this.ask<DatasetDto>(201, 'POST', '/datasets', { body });
    if (dataset.rows !== rows) throw new Error(`${dataset.rows} rows of ${rows} were stored`);
    await this.ask(200, 'GET', `/datasets/${dataset.id}/rows?limit=50`);
    await this.ask(204, 'DELETE', `/datasets/${dataset.id}`);
  }

  private async uploadWrongly(): Promise<void> {
    await this.ask(422, 'POST', '/datasets', { body: formOf(`${practiceRows(300, 1)}7\tno label\n`) });
  }

  private async train(): Promise<void> {
    const run = await this.startTraining({ epochs: '2' });
    const { status, modelId, error } = await this.end(run.id);
    if (status !== 'succeeded' || !modelId) throw new Error(`A run ${status}: ${JSON.stringify(error)}`);
    this.kept.push({ run, modelId });
    while (this.kept.length > KEPT_MODELS) await this.inTurn(() => this.deleteOldest());
  }

  private async cancelTraining(): Promise<void> {
    const { id, datasetId } = await this.startTraining({ epochs: '20' }, 2000);
    await sleep(this.seed % 2 === 0 ? 0 : 2000);
    await this.ask(202, 'POST', `/train/${id}/cancel`);
    const { status } = await this.end(id);
    if (status !== 'cancelled') throw new Error(`A run that was cancelled has ${status}`);
    await this.ask(204, 'DELETE', `/train/${id}`);
    await this.ask(204, 'DELETE', `/datasets/${datasetId}`);
  }

  private startTraining(fields: Record<string, string>, rows = 160): Promise<RunDto> {
    const all = {
      baseModel: 'tiny-bert',
      batchSize: '16',
      learningRate: '1e-3',
      promote: 'never',
      ...fields,
    };
    const body = formOf(practiceRows(rows, this.seed++), all, 'practice.tsv');
    return this.ask<RunDto>(202, 'POST', '/train', { body });
  }

  /** Follows a run until it has ended. */
  private async end(id: string): Promise<RunDto> {
    const events = await this.ask<string>(200, 'GET', `/train/${id}/events`);
    if (!events.includes('event: status')) throw new Error('No status came among the events');
    return this.ask<RunDto>(200, 'GET', `/train/${id}`);
  }

  private async evaluate(): Promise<void> {
    await this.inTurn(async () => {
      const { run, modelId } = this.kept.at(-1)!;
      const path = `/models/${modelId}/evaluations`;
      const { id } = await this.send<EvaluationDto>(202, 'POST', path, { datasetId: run.datasetId });
      for (;;) {
        const { status, error } = await this.ask<EvaluationDto>(200, 'GET', `${path}/${id}`);
        if (status === 'succeeded') return;
        if (status !== 'queued' && status !== 'running')
          throw new Error(`${status}: ${JSON.stringify(error)}`);
        await sleep(50);
      }
    });
  }

  private async download(): Promise<void> {
    await this.inTurn(async () => {
      const { modelId } = this.kept.at(-1)!;
      const { files } = await this.ask<ModelDto>(200, 'GET', `/models/${modelId}`);
      for (const { name, size } of files) {
        const response = await fetch(`${this.url}/models/${modelId}/files/${name}`);
        const { byteLength } = await response.arrayBuffer();
        if (byteLength !== size) throw new Error(`${name} has ${byteLength} bytes, not ${size}`);
      }
    });
  }

  /** `production` goes to and fro between the newest two. */
  private async moveAlias(): Promise<void> {
    await this.inTurn(async () => {
      const [one, other] = this.kept.slice(-2).map(({ modelId }) => modelId);
      const now = await fetch(`${this.url}/models/production`).then(
        (response) => response.json() as Promise<{ id?: string }>,
      );
      await this.send(200, 'PUT', '/aliases/production', { modelId: now.id === one ? (other ?? one) : one });
    });
  }

  private async deleteOldest(): Promise<void> {
    const { run, modelId } = this.kept.shift()!;
    const now = await this.ask<{ id: string }>(200, 'GET', '/models/production');
    if (now.id === modelId)
      await this.send(200, 'PUT', '/aliases/production', { modelId: this.kept.at(-1)!.modelId });
    await this.ask(204, 'DELETE', `/models/${modelId}`);
    await this.ask(204, 'DELETE', `/train/${run.id}`);
    await this.ask(204, 'DELETE', `/datasets/${run.datasetId}`);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }
}

function describe(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
