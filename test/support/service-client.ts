import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Wellformed,
  type DatasetDto,
  type EvaluationDto,
  type ModelDto,
  type ProblemDetails,
  type RowDto,
  type RunDto,
  type RunEvent,
  type RunEventData,
  type TrainingFormDto,
} from '../../packages/client/src/index.js';
import { problemOf } from './http.js';
import { practiceRows } from './practice-rows.js';

/** Fields of `POST /train`, with the data as text. The default base model is the tiny one. */
export type Training = Partial<Omit<TrainingFormDto, 'file' | 'validationFile'>> & {
  file?: string;
  validationFile?: string;
};

/**
 * The client that specs use: the published client, with helpers for common tasks. An error answer rejects. So
 * does a success with a status that the API document does not name. Use `request` for requests that are the
 * subject of a test.
 */
export class ServiceClient extends Wellformed {
  /** @param url of the service, without a trailing slash */
  constructor(
    readonly url: string,
    private readonly headers: Record<string, string> = {},
  ) {
    super({
      baseUrl: url,
      fetch: async (input, init) => {
        const asked = new Request(input, init);
        for (const [name, value] of Object.entries(headers)) asked.headers.set(name, value);
        const response = await fetch(asked);
        if (response.ok) checkStatus(asked.method, new URL(asked.url).pathname, response.status);
        return response;
      },
    });
  }

  /** Sends a raw request. A string, bytes or a form are sent unchanged, anything else as JSON. */
  request(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const isRaw =
      body === undefined ||
      typeof body === 'string' ||
      body instanceof FormData ||
      body instanceof Uint8Array ||
      body instanceof ReadableStream;
    const type: Record<string, string> = isRaw ? {} : { 'content-type': 'application/json' };
    return fetch(this.url + path, {
      method,
      body: isRaw ? (body as string | undefined) : JSON.stringify(body),
      headers: { ...type, ...this.headers, ...headers },
    });
  }

  /** Sends a raw request, expects this status and returns the body. */
  async json<T>(status: number, method: string, path: string, body?: unknown): Promise<T> {
    const text = await textOf(await this.request(method, path, body), status, `${method} ${path}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Sends a raw request that must fail, and returns its problem. */
  async problem(
    status: number,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<ProblemDetails> {
    return problemOf(await this.request(method, path, body, headers), status);
  }

  /** Returns the text of an answer, which must be a success. */
  async text(path: string, headers: Record<string, string> = {}): Promise<string> {
    return textOf(await this.request('GET', path, undefined, headers), 200, `GET ${path}`);
  }

  /**
   * Returns a value of the metrics page; undefined if it is missing.
   * @param name with its labels
   */
  async metric(name: string): Promise<number | undefined> {
    const page = await this.text('/metrics');
    const line = page.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.split(' ')[1]);
  }

  /** Uploads text as a data set. The extension of the file name sets its format. */
  upload(content: string, { name, fileName = 'rows.tsv' }: { name?: string; fileName?: string } = {}) {
    return this.uploadDataset(new File([content], fileName), { name });
  }

  uploadPractice(rows: number, seed: number): Promise<DatasetDto> {
    return this.upload(practiceRows(rows, seed));
  }

  /** Starts a training of the tiny model. Files are sent as a form, everything else as JSON. */
  start(training: Training): Promise<RunDto> {
    const files = Object.entries(training)
      .filter(([name]) => name === 'file' || name === 'validationFile')
      .map(([name, rows]) => [name, new File([rows as string], `${name}.tsv`)]);
    return this.train({ baseModel: 'tiny-bert', ...training, ...Object.fromEntries(files) });
  }

  dataset(id: string): Promise<DatasetDto> {
    return this.api.datasets.get({ path: { id } });
  }

  /** Returns the first page of a data set's rows. */
  async rows({ id }: { id: string }): Promise<RowDto[]> {
    return (await this.api.datasets.rows({ path: { id } })).items;
  }

  run(id: string): Promise<RunDto> {
    return this.api.training.get({ path: { id } });
  }

  cancel(id: string): Promise<RunDto> {
    return this.api.training.cancel({ path: { id } });
  }

  /** Polls a run until the condition holds. The time limit of the test ends it. */
  async until(id: string, isSo: (run: RunDto) => boolean): Promise<RunDto> {
    for (;;) {
      const run = await this.run(id);
      if (isSo(run)) return run;
      await delay(25);
    }
  }

  untilTraining(id: string): Promise<RunDto> {
    return this.until(id, ({ step }) => step > 1);
  }

  untilEnded(id: string): Promise<RunDto> {
    return this.until(id, ({ finishedAt }) => finishedAt !== null);
  }

  /** Returns all events of a run, after it has ended. */
  async events(id: string, lastEventId = 0): Promise<RunEvent[]> {
    const events: RunEvent[] = [];
    for await (const event of this.followRun(id, { lastEventId })) events.push(event);
    return events;
  }

  /** Returns the data of all events of one type. */
  async eventData<Type extends RunEvent['type']>(id: string, type: Type): Promise<RunEventData[Type][]> {
    const events = await this.events(id);
    return events.filter((event) => event.type === type).map(({ data }) => data as RunEventData[Type]);
  }

  /** @param id id or alias */
  model(id: string): Promise<ModelDto> {
    return this.api.models.find({ path: { id } });
  }

  modelCard(id: string): Promise<string> {
    return this.text(`/models/${id}/files/README.md`);
  }

  /** Evaluates a model on a data set. */
  evaluate(id: string, body: { datasetId: string; precision?: 'fp32' | 'int8' }) {
    return this.api.evaluations.start({ path: { id }, body });
  }

  async untilEvaluated({ id: evaluationId, modelId: id }: EvaluationDto): Promise<EvaluationDto> {
    for (;;) {
      const evaluation = await this.api.evaluations.find({ path: { id, evaluationId } });
      if (evaluation.finishedAt !== null) return evaluation;
      await delay(25);
    }
  }
}

async function textOf(response: Response, status: number, asked: string): Promise<string> {
  const text = await response.text();
  if (response.status === status) return text;
  throw new Error(`${asked} gave ${response.status} in place of ${status}: ${text}`);
}

type ApiDocument = { paths: Record<string, Record<string, { responses: Record<string, unknown> }>> };
const document = JSON.parse(
  readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8'),
) as ApiDocument;
const routes = Object.entries(document.paths).map(([template, operations]) => ({
  operations,
  depth: template.split('{').length,
  pattern: new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));
// Try `/datasets/catalogue` before `/datasets/{id}`.
routes.sort((one, other) => one.depth - other.depth);

function checkStatus(method: string, path: string, status: number): void {
  const responses = routes.find(({ pattern }) => pattern.test(path))?.operations[method.toLowerCase()]
    ?.responses;
  // The OpenAPI document does not describe its own route.
  if (responses === undefined || String(status) in responses) return;
  throw new Error(`${method} ${path} gave ${status}, which the API document does not name.`);
}
