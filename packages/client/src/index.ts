import { problemErrorOf, tellingFetch } from './errors.js';
import { createClient } from './generated/client/index.js';
import { Api } from './generated/sdk.gen.js';
import type {
  ComparisonsDto,
  DatasetDto,
  PairDto,
  PredictDto,
  PredictionDto,
  PredictionsDto,
  RunDto,
  SweepDto,
  SweepEstimateDto,
  SweepRequestDto,
  TrainingEstimateDto,
  TrainingFormDto,
  TrainingJsonDto,
} from './generated/types.gen.js';
import { followEvents, type RunEvent } from './run-events.js';
import { sendWithProgress } from './send-with-progress.js';
import { scoreLines, type ScoredLine } from './score-file.js';

export type * from './generated/types.gen.js';
export { ProblemError, UnreachableError } from './errors.js';
export type { RunEvent, RunEventData } from './run-events.js';
export type { ScoredLine } from './score-file.js';

export interface WellformedOptions {
  /** Address of the service: `http://127.0.0.1:3000`. Leave it out on a page of the service itself. */
  baseUrl?: string;
  /** The API key, or a function that returns it. The function is called before each request. */
  apiKey?: string | (() => string | undefined);
  /** Replaces the global `fetch`, for a proxy, a log or a test. */
  fetch?: typeof fetch;
}

/** The parts of the document that this client reads. */
export interface OpenApiDocument {
  info: { title: string; version: string };
  components: { schemas: Record<string, object> };
}

/** The model and the options for judging. */
export type JudgeOptions = Pick<PredictDto, 'model' | 'precision' | 'threshold' | 'logits' | 'explain'> & {
  signal?: AbortSignal;
};

/** The data, as files or as ids of stored data sets, and hyperparameters. */
export type TrainRequest = Partial<TrainingFormDto> | TrainingJsonDto;

/**
 * A client for the service. Every route is a method of `api`, typed by the OpenAPI document. Common tasks
 * have a method here. Errors are a {@link ProblemError}, or an {@link UnreachableError} if there is no
 * answer.
 */
export class Wellformed {
  /** Every route: `wellformed.api.models.list({ query: { limit: 10 } })`. */
  readonly api: Api;
  private readonly fetch: typeof fetch;
  private readonly baseUrl: string;

  constructor(private readonly options: WellformedOptions = {}) {
    this.baseUrl = (options.baseUrl ?? '').replace(/\/+$/, '');
    this.fetch = tellingFetch(options.fetch ?? ((input, init) => globalThis.fetch(input, init)));
    const client = createClient({
      baseUrl: this.baseUrl,
      // The document names two headers for the key. One is enough.
      auth: ({ scheme }) => (scheme === 'bearer' ? this.apiKey : undefined),
      fetch: this.fetch,
      throwOnError: true,
    });
    client.interceptors.error.use((error, response) => (response ? problemErrorOf(error, response) : error));
    this.api = new Api({ client });
  }

  /** Judges one sentence. */
  judge(sentence: string, options?: JudgeOptions): Promise<PredictionDto>;
  /** Judges up to 256 sentences, in order. */
  judge(sentences: readonly string[], options?: JudgeOptions): Promise<PredictionsDto>;
  async judge(
    asked: string | readonly string[],
    { signal, ...options }: JudgeOptions = {},
  ): Promise<PredictionDto | PredictionsDto> {
    const subject = typeof asked === 'string' ? { sentence: asked } : { sentences: [...asked] };
    return (await this.api.predictions.predict({ body: { ...subject, ...options }, signal })) as
      PredictionDto | PredictionsDto;
  }

  /** Says which sentence of each pair is more acceptable. */
  async compare(
    pairs: readonly PairDto[],
    { signal, ...options }: JudgeOptions = {},
  ): Promise<ComparisonsDto> {
    return (await this.api.predictions.predict({
      body: { pairs: [...pairs], ...options },
      signal,
    })) as ComparisonsDto;
  }

  /**
   * Uploads a file of labelled sentences.
   * @param options.onProgress receives the share that was sent, from 0 to 1, if the runtime reports it
   * (browsers do)
   */
  async uploadDataset(
    file: File,
    {
      name,
      onProgress,
      signal,
    }: { name?: string; onProgress?: (share: number) => void; signal?: AbortSignal } = {},
  ): Promise<DatasetDto> {
    const form = new FormData();
    if (name !== undefined) form.set('name', name);
    form.set('file', file);
    const send =
      onProgress && typeof XMLHttpRequest !== 'undefined'
        ? tellingFetch(sendWithProgress(onProgress))
        : this.fetch;
    const response = await this.send('/datasets', { method: 'POST', body: form, signal }, send);
    return (await response.json()) as DatasetDto;
  }

  /**
   * Adds a data set of the catalogue by name (`wellformed.api.datasets.listCatalogue()`). The service
   * downloads some of them.
   */
  addDataset(
    source: string,
    { name, signal }: { name?: string; signal?: AbortSignal } = {},
  ): Promise<DatasetDto> {
    return this.api.datasets.upload({ body: { source, ...(name !== undefined && { name }) }, signal });
  }

  /** Starts a training and returns its run. */
  async train(request: TrainRequest, { signal }: { signal?: AbortSignal } = {}): Promise<RunDto> {
    return (await this.askToTrain(request, undefined, signal)) as RunDto;
  }

  /**
   * Checks a training without starting it and estimates its cost. The first estimate for a base model takes
   * some seconds.
   */
  async estimate(
    request: TrainRequest,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<TrainingEstimateDto> {
    return (await this.askToTrain(request, { dryRun: true }, signal)) as TrainingEstimateDto;
  }

  /** Starts a sweep: a search over hyperparameters with many runs. */
  async startSweep(request: SweepRequestDto, { signal }: { signal?: AbortSignal } = {}): Promise<SweepDto> {
    return (await this.api.sweeps.create({ body: request, signal })) as SweepDto;
  }

  /** Checks a sweep without starting it, and tells what it would take. */
  async estimateSweep(
    request: SweepRequestDto,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<SweepEstimateDto> {
    const query = { dryRun: true };
    return (await this.api.sweeps.create({ body: request, query, signal })) as SweepEstimateDto;
  }

  /**
   * Follows a run to its end, from its first event or from the one after `lastEventId`. If the connection
   * breaks, it reconnects and misses nothing.
   * @param options.signal stops following
   * @param options.onConnection receives whether there is a connection
   */
  followRun(
    id: string,
    options: {
      lastEventId?: number;
      signal?: AbortSignal;
      onConnection?: (isConnected: boolean) => void;
    } = {},
  ): AsyncGenerator<RunEvent, void, void> {
    const url = `${this.baseUrl}/train/${encodeURIComponent(id)}/events`;
    const open = (lastEventId: number, signal?: AbortSignal) =>
      this.fetch(url, { headers: { ...this.authorization, 'last-event-id': String(lastEventId) }, signal });
    return followEvents(open, options);
  }

  /**
   * Judges a text or file with one sentence per line, of any length. Yields the results in order, as they
   * arrive. Empty lines are skipped. If the service asks to wait, it waits.
   * @param options.signal stops with an error, as for `fetch`
   */
  async *scoreFile(
    text: string | Blob,
    { signal, ...options }: Omit<JudgeOptions, 'explain' | 'logits'> = {},
  ): AsyncGenerator<ScoredLine, void, void> {
    const lines = (typeof text === 'string' ? text : await text.text()).split(/\r?\n/);
    const query = new URLSearchParams(
      Object.entries(options).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    const headers = { 'content-type': 'application/x-ndjson' };
    const send = (body: string, signal: AbortSignal) =>
      this.send(`/predict?${query}`, { method: 'POST', body, headers, signal });
    yield* scoreLines(lines, send, { signal });
  }

  /** Returns the OpenAPI document of the service, which describes every field and its values. */
  async document(signal?: AbortSignal): Promise<OpenApiDocument> {
    return (await (await this.send('/openapi.json', { signal })).json()) as OpenApiDocument;
  }

  private get apiKey(): string | undefined {
    const { apiKey } = this.options;
    return typeof apiKey === 'function' ? apiKey() : apiKey;
  }

  private get authorization(): Record<string, string> {
    return this.apiKey === undefined ? {} : { authorization: `Bearer ${this.apiKey}` };
  }

  private async askToTrain(
    request: TrainRequest,
    query: { dryRun: boolean } | undefined,
    signal?: AbortSignal,
  ): Promise<RunDto | TrainingEstimateDto> {
    if (!Object.values(request).some((value) => value instanceof Blob))
      return this.api.training.create({ body: request as TrainingJsonDto, query, signal });
    const form = new FormData();
    for (const [name, value] of Object.entries(request)) {
      if (value === undefined || value === null) continue;
      form.set(name, value instanceof Blob ? value : Array.isArray(value) ? value.join(',') : String(value));
    }
    const path = query ? `/train?dryRun=${query.dryRun}` : '/train';
    const response = await this.send(path, { method: 'POST', body: form, signal });
    return (await response.json()) as RunDto | TrainingEstimateDto;
  }

  /** Sends requests that the generated client cannot send: forms with files, and streams. */
  private async send(path: string, init: RequestInit, send = this.fetch): Promise<Response> {
    const headers = { ...this.authorization, ...(init.headers as Record<string, string> | undefined) };
    const response = await send(`${this.baseUrl}${path}`, { ...init, headers });
    if (!response.ok) throw problemErrorOf(await response.json().catch(() => null), response);
    return response;
  }
}
