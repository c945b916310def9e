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

/** Fields of `POST /train` with the data as text. The tiny model is trained where no other base model is named. */
export type Training = Partial<Omit<TrainingFormDto, 'file' | 'validationFile'>> & {
  file?: string;
  validationFile?: string;
};

/**
 * How specs talk to the service: the client that we publish, and what many specs do. An answer that is an error rejects, and so does
 * a success with another status than the API document names. Requests that are themselves the subject go through `request`.
 */
export class ServiceClient extends Wellformed {
  /** @param url of the service, without a slash at the end */
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

  /** A raw request. A string, bytes or a form are sent as they are, anything else as JSON. */
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

  /** A raw request that must be answered with this status, and its body. */
  async json<T>(status: number, method: string, path: string, body?: unknown): Promise<T> {
    const text = await textOf(await this.request(method, path, body), status, `${method} ${path}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** A raw request that must be refused, and the problem that it answers with. */
  async problem(
    status: number,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<ProblemDetails> {
    return problemOf(await this.request(method, path, body, headers), status);
  }

  /** The text of an answer, which must be a success. */
  async text(path: string, headers: Record<string, string> = {}): Promise<string> {
    return textOf(await this.request('GET', path, undefined, headers), 200, `GET ${path}`);
  }

  /** A value of the metrics page; undefined where it is not there. @param name with its labels */
  async metric(name: string): Promise<number | undefined> {
    const page = await this.text('/metrics');
    const line = page.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.split(' ')[1]);
  }

  /** Uploads text as a data set. The end of the file's name says how to read it. */
  upload(content: string, { name, fileName = 'rows.tsv' }: { name?: string; fileName?: string } = {}) {
    return this.uploadDataset(new File([content], fileName), { name });
  }

  uploadPractice(rows: number, seed: number): Promise<DatasetDto> {
    return this.upload(practiceRows(rows, seed));
  }

  /** Starts a training of the tiny model. Files go as a form, all else as JSON. */
  start(training: Training): Promise<RunDto> {
    const files = Object.entries(training)
      .filter(([name]) => name === 'file' || name === 'validationFile')
      .map(([name, rows]) => [name, new File([rows as string], `${name}.tsv`)]);
    return this.train({ baseModel: 'tiny-bert', ...training, ...Object.fromEntries(files) });
  }

  dataset(id: string): Promise<DatasetDto> {
    return this.api.datasets.get({ path: { id } });
  }

  /** The first page of rows of a data set. */
  async rows({ id }: { id: string }): Promise<RowDto[]> {
    return (await this.api.datasets.rows({ path: { id } })).items;
  }

  run(id: string): Promise<RunDto> {
    return this.api.training.get({ path: { id } });
  }

  cancel(id: string): Promise<RunDto> {
    return this.api.training.cancel({ path: { id } });
  }

  /** Asks again and again; the time limit of the test ends it. */
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

  /** All events of a run, once it has ended. */
  async events(id: string, lastEventId = 0): Promise<RunEvent[]> {
    const events: RunEvent[] = [];
    for await (const event of this.followRun(id, { lastEventId })) events.push(event);
    return events;
  }

  /** What the events of one type tell. */
  async eventData<Type extends RunEvent['type']>(id: string, type: Type): Promise<RunEventData[Type][]> {
    const events = await this.events(id);
    return events.filter((event) => event.type === type).map(({ data }) => data as RunEventData[Type]);
  }

  /** @param id or alias */
  model(id: string): Promise<ModelDto> {
    return this.api.models.find({ path: { id } });
  }

  modelCard(id: string): Promise<string> {
    return this.text(`/models/${id}/files/README.md`);
  }

  /** Judges a dataset with a model. */
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
// `/datasets/catalogue` before `/datasets/{id}`.
routes.sort((one, other) => one.depth - other.depth);

function checkStatus(method: string, path: string, status: number): void {
  const responses = routes.find(({ pattern }) => pattern.test(path))?.operations[method.toLowerCase()]
    ?.responses;
  // The document does not speak of itself.
  if (responses === undefined || String(status) in responses) return;
  throw new Error(`${method} ${path} gave ${status}, which the API document does not name.`);
}
