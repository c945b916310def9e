import { Injectable } from '@nestjs/common';
import { DeadlineExceededError, QueueFullError } from '../bert/errors.js';
import type { Timing } from '../bert/serving/served-model.js';
import { ConflictError, NotFoundError, OverdueError, TooManyRequestsError } from '../common/errors.js';
import { Settings } from '../config/settings.js';
import { Instruments } from '../metrics/instruments.js';
import type { PredictionOutcome } from '../metrics/prediction-instruments.js';
import { PRODUCTION } from '../models/model-version.js';
import { ModelsService, type ResolvedModel } from '../models/models.service.js';
import type { Span } from '../tracing/span.js';
import { explanationsOf, type Explainable } from './explanations/explanations.js';
import {
  judgingRule,
  predictionOf,
  type JudgingRule,
  type ModelChoice,
  type Prediction,
} from './judging-rule.js';
import { PredictionSpans } from './prediction-spans.js';
import { AliasRouter } from './serving/alias-router.js';
import { LoadedModels } from './serving/loaded-models.js';

/** A model with the judging rule of a request. */
export interface ChosenModel extends ResolvedModel {
  rule: JudgingRule;
}

export interface Predictions {
  /** In the order of the sentences. */
  predictions: Prediction[];
  /** The model that judged. */
  model: ChosenModel;
  timing: Timing;
}

/** Sentences to judge. Each must be judgeable. */
export interface Question extends ModelChoice {
  sentences: readonly string[];
  /** The explanation plan of each sentence; empty if none is requested. */
  explained: readonly Explainable[];
}

export interface JudgeOptions {
  /** Aborted when the answer is no longer needed. */
  signal?: AbortSignal;
  /** Maximum waiting time in milliseconds. Default: from the settings. */
  timeout?: number;
  /** Whether to wait for room in a full queue until the timeout, instead of failing. */
  waitsForRoom?: boolean;
  /**
   * Number of sentences that the client sent; they come first. Default: all. The others are not counted in
   * metrics.
   */
  asked?: number;
  /** Span of the request, if it is traced. */
  span?: Span | null;
}

/** Judges sentences with a model of the registry. */
@Injectable()
export class PredictionsService {
  constructor(
    private readonly models: ModelsService,
    private readonly router: AliasRouter,
    private readonly loaded: LoadedModels,
    private readonly instruments: Instruments,
    private readonly settings: Settings,
  ) {}

  /**
   * @throws NotFoundError if there is no such model
   * @throws ConflictError if no model was named and none is in production, or it lacks the precision or
   * threshold
   * @throws UnavailableError if the model cannot be loaded
   * @throws TooManyRequestsError if too many sentences are waiting
   * @throws OverdueError if some of the sentences still wait at the deadline
   */
  async predict(
    { sentences, explained, ...choice }: Question,
    options: Pick<JudgeOptions, 'signal' | 'span'>,
  ): Promise<Predictions> {
    const shorter = explained.flatMap((one) => one.shorter.filter((text) => text !== null));
    const asked = sentences.length;
    for (;;) {
      const model = await this.choose(choice);
      try {
        const judged = await this.judge([...sentences, ...shorter], model, { ...options, asked });
        const predictions = judged.predictions.slice(0, asked);
        explanationsOf(judged.predictions, explained).forEach(
          (explanation, i) => (predictions[i]!.explanation = explanation),
        );
        return { predictions, model, timing: judged.timing };
      } catch (error) {
        // The model behind an alias may be deleted while the request waits for it. The alias then points to
        // another one.
        if (!(error instanceof NotFoundError) || model.alias === null) throw error;
      }
    }
  }

  /**
   * Resolves the model and the judging rule of a request, once for all its sentences.
   * @throws NotFoundError, ConflictError as {@link predict}
   */
  async choose({ model: idOrAlias, precision, threshold }: ModelChoice): Promise<ChosenModel> {
    const model = await this.resolve(idOrAlias);
    const rule = judgingRule(model, {
      precision: precision ?? this.settings.predictPrecision,
      threshold: threshold ?? 'default',
    });
    return { ...model, rule };
  }

  /** @throws UnavailableError, TooManyRequestsError, OverdueError as {@link predict} */
  async judge(
    sentences: readonly string[],
    { id, alias, rule }: ChosenModel,
    {
      signal,
      timeout = this.settings.predictDeadline,
      waitsForRoom,
      asked = sentences.length,
      span,
    }: JudgeOptions = {},
  ): Promise<Omit<Predictions, 'model'>> {
    const { precision } = rule;
    const about = { modelId: id, precision, sentences: sentences.length };
    const trace = span ? new PredictionSpans(span, about) : undefined;
    const options = { signal, deadline: performance.now() + timeout, waitsForRoom, trace };
    try {
      const { judgements, timing } = await this.loaded.score(id, precision, sentences, options);
      const predictions = judgements.map((judgement) => predictionOf(judgement, rule));
      this.record(predictions.slice(0, asked), timing, alias);
      return { predictions, timing };
    } catch (error) {
      trace?.failed(error as Error);
      this.instruments.predictions.count(outcomeOf(error as Error), alias, asked);
      throw answerTo(error, timeout);
    }
  }

  private record(predictions: readonly Prediction[], timing: Timing, alias: string | null): void {
    const instruments = this.instruments.predictions;
    instruments.tokenizationSeconds.observe(timing.tokenizationSeconds);
    instruments.queueSeconds.observe(timing.queueSeconds);
    const acceptable = predictions.filter((prediction) => prediction.acceptable).length;
    if (acceptable > 0) instruments.count('acceptable', alias, acceptable);
    const unacceptable = predictions.length - acceptable;
    if (unacceptable > 0) instruments.count('unacceptable', alias, unacceptable);
  }

  private async resolve(idOrAlias: string | undefined): Promise<ResolvedModel> {
    try {
      return await this.router.resolve(idOrAlias ?? PRODUCTION);
    } catch (error) {
      if (!(error instanceof NotFoundError) || idOrAlias !== undefined) throw error;
      throw new ConflictError(await this.howToGetOne());
    }
  }

  private async howToGetOne(): Promise<string> {
    if ((await this.models.count()) > 0) {
      return (
        `No model is in production. Choose one of GET /models: name it in "model", or put it there: ` +
        `PUT /aliases/${PRODUCTION} {"modelId": "mdl_…"}.`
      );
    }
    return (
      'There is no model yet. Train one, which goes into production when it is done: POST /train, with a form that has your labelled ' +
      'sentences as file and, say, all-MiniLM-L6-v2 as baseModel; /docs shows how.'
    );
  }
}

function answerTo(error: unknown, timeout: number): unknown {
  if (error instanceof QueueFullError) {
    const seconds = Math.max(1, Math.ceil(error.retryAfterSeconds));
    return new TooManyRequestsError(
      `${error.waiting} sentences are already waiting for this model. Send the request again in ${seconds} s.`,
      seconds,
    );
  }
  if (error instanceof DeadlineExceededError) {
    const seconds = Math.max(1, Math.ceil(timeout / 1000));
    return new OverdueError(
      `The sentences were still waiting after ${timeout / 1000} s. Send fewer at once, or try again in ${seconds} s.`,
      seconds,
    );
  }
  return error;
}

function outcomeOf(error: Error): PredictionOutcome {
  if (error instanceof QueueFullError) return 'refused';
  if (error instanceof DeadlineExceededError) return 'overdue';
  return error.name === 'AbortError' ? 'abandoned' : 'error';
}
