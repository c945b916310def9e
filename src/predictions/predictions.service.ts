import { setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DeadlineExceededError, QueueFullError } from '../bert/errors.js';
import type { Variant } from '../bert/onnx/variants.js';
import type { ScheduleOptions } from '../bert/serving/scheduler.js';
import type { Scores, ServedModel, Timing } from '../bert/serving/served-model.js';
import { sentenceProblem } from '../bert/tokenizer/sentence-problem.js';
import {
  ConflictError,
  InvalidInputError,
  NotFoundError,
  OverdueError,
  TooManyRequestsError,
} from '../common/errors.js';
import { characterCount, isLongerThan } from '../common/text.js';
import { Settings } from '../config/settings.js';
import { Instruments } from '../metrics/instruments.js';
import type { PredictionOutcome } from '../metrics/prediction-instruments.js';
import { PRODUCTION } from '../models/model-version.js';
import { ModelsService, type ResolvedModel } from '../models/models.service.js';
import type { Trace } from '../tracing/trace.js';
import { explainables, explanationsOf, type WordEffect } from './explanations/explanations.js';
import {
  judgingRule,
  ruled,
  type JudgingRule,
  type Precision,
  type RuledJudgement,
  type ThresholdName,
} from './judging-rule.js';
import { compare, sentencesOf, type Comparison, type Pair } from './pairs.js';
import { PredictionTrace } from './prediction-trace.js';
import { ServedModels } from './serving/served-models.js';
import { ServingVersions } from './serving/serving-versions.js';

/** Longer than any sentence, shorter than what would keep the tokenizer busy. */
const MAX_CHARACTERS = 10_000;

/** The model that judged, as answers name it. */
export interface JudgingModel extends Pick<ResolvedModel, 'id' | 'name' | 'alias'> {
  /** What it computed with. */
  precision: Variant;
}

export interface Predictions {
  /** In the order of the sentences. */
  judgements: ExplainedJudgement[];
  model: JudgingModel;
  timing: Timing;
}

export interface ExplainedJudgement extends RuledJudgement {
  /** In the order of the words; only where it was asked for. */
  explanation?: WordEffect[];
}

export interface Comparisons {
  /** In the order of the pairs. */
  comparisons: Comparison<RuledJudgement>[];
  model: JudgingModel;
  timing: Timing;
}

export interface PredictOptions {
  /** Which model: an id or an alias; production by default. */
  model?: string;
  /** Default: that of the settings. */
  precision?: Precision;
  /** Default: the larger logit decides. */
  threshold?: ThresholdName;
  /** Aborted when nobody waits for the answer any more. */
  signal?: AbortSignal;
  /** Of the request, where it is traced. */
  trace?: Trace | null;
}

/** A model, and the rule by which a request wants it to judge. */
export interface ChosenModel extends ResolvedModel {
  rule: JudgingRule;
}

export interface JudgeOptions {
  signal?: AbortSignal;
  /** How many milliseconds the sentences may wait; default: the deadline of the settings. */
  patience?: number;
  /** Whether to wait for room where the queue is full, as long as the patience lasts, instead of being refused. */
  waitsForRoom?: boolean;
  /** How many of the sentences, from the first, the request is about; default: all. The others are not counted in metrics. */
  asked?: number;
  trace?: Trace | null;
}

/** Judges sentences with a model of the registry. */
@Injectable()
export class PredictionsService {
  constructor(
    private readonly models: ModelsService,
    private readonly served: ServedModels,
    private readonly versions: ServingVersions,
    private readonly instruments: Instruments,
    private readonly settings: Settings,
  ) {}

  /**
   * @param sentences whose pointers in the request are `pointer(0)`, `pointer(1)`, …
   * @param options with `explain`, every judgement says what each word does to it
   * @throws InvalidInputError if a sentence is empty or far too long, or has too many words to be explained
   * @throws NotFoundError if there is no such model
   * @throws ConflictError if none was named and none is in production, or it lacks the precision or threshold
   * @throws UnavailableError if the model cannot be loaded
   * @throws TooManyRequestsError if too many sentences wait already
   * @throws OverdueError if some of the sentences still wait at the deadline of the settings
   */
  async predict(
    sentences: string[],
    pointer: (index: number) => string,
    { explain = false, ...options }: PredictOptions & { explain?: boolean } = {},
  ): Promise<Predictions> {
    assertSentences(sentences, pointer);
    const explained = explain ? explainables(sentences, pointer) : [];
    const all = [
      ...sentences,
      ...explained.flatMap(({ shorter }) => shorter.filter((text) => text !== null)),
    ];
    const asked = sentences.length;
    const { judgements, timing, model } = await this.judgeByChoice(all, asked, options);
    const own: ExplainedJudgement[] = judgements.slice(0, asked);
    explanationsOf(judgements, explained).forEach((explanation, i) => (own[i]!.explanation = explanation));
    return { judgements: own, model: asShown(model), timing };
  }

  /**
   * Which of two sentences is the more acceptable one, for each pair.
   * @throws as {@link predict}
   */
  async compare(pairs: readonly Pair[], options: PredictOptions = {}): Promise<Comparisons> {
    const { sentences, pointer } = sentencesOf(pairs);
    const { judgements, ...rest } = await this.predict(sentences, pointer, options);
    return {
      comparisons: pairs.map((_, i) => compare(judgements[2 * i]!, judgements[2 * i + 1]!)),
      ...rest,
    };
  }

  /**
   * Which model a request means and how it judges, once for all of its sentences.
   * @throws NotFoundError, ConflictError as {@link predict}
   */
  async choose({ model: idOrAlias, precision, threshold }: PredictOptions): Promise<ChosenModel> {
    const model = await this.resolve(idOrAlias);
    const rule = judgingRule(model, {
      precision: precision ?? this.settings.predictPrecision,
      threshold: threshold ?? 'default',
    });
    return { ...model, rule };
  }

  /** The model behind an alias may be deleted while the request waits for it: then the alias means another one. */
  private async judgeByChoice(sentences: string[], asked: number, options: PredictOptions) {
    for (;;) {
      const model = await this.choose(options);
      try {
        return {
          ...(await this.judge(sentences, model, { signal: options.signal, trace: options.trace, asked })),
          model,
        };
      } catch (error) {
        if (!(error instanceof NotFoundError) || model.alias === null) throw error;
      }
    }
  }

  /**
   * @param sentences each checked with {@link problemOfSentence}
   * @throws UnavailableError, TooManyRequestsError, OverdueError as {@link predict}
   */
  async judge(
    sentences: string[],
    model: ChosenModel,
    {
      signal,
      patience = this.settings.predictDeadline,
      waitsForRoom = false,
      asked = sentences.length,
      trace: requestTrace,
    }: JudgeOptions = {},
  ): Promise<{ judgements: RuledJudgement[]; timing: Timing }> {
    const trace = requestTrace ? predictionTrace(requestTrace, model, sentences) : undefined;
    const options = { signal, deadline: performance.now() + patience, trace };
    try {
      const score = async (loaded: ServedModel) => {
        trace?.loaded();
        const end = this.instruments.predictions.seconds.startTimer();
        const scores = await scoreWhenThereIsRoom(loaded, sentences, options, waitsForRoom);
        end();
        return scores;
      };
      const { judgements, timing } = await this.served.use(model, model.rule.variant, score, options);
      const byRule = judgements.map((judgement) => ruled(judgement, model.rule));
      this.record(byRule.slice(0, asked), timing, model);
      return { judgements: byRule, timing };
    } catch (error) {
      trace?.failed(error as Error);
      this.instruments.predictions.count(outcomeOf(error as Error), model.alias, asked);
      throw answerTo(error, patience);
    }
  }

  private record(judgements: readonly RuledJudgement[], timing: Timing, { alias }: ResolvedModel): void {
    const { predictions } = this.instruments;
    predictions.tokenizationSeconds.observe(timing.tokenizationSeconds);
    predictions.queueSeconds.observe(timing.queueSeconds);
    const acceptable = judgements.filter((judgement) => judgement.acceptable).length;
    if (acceptable > 0) predictions.count('acceptable', alias, acceptable);
    const unacceptable = judgements.length - acceptable;
    if (unacceptable > 0) predictions.count('unacceptable', alias, unacceptable);
  }

  private async resolve(idOrAlias: string | undefined): Promise<ResolvedModel> {
    try {
      return await this.versions.resolve(idOrAlias ?? PRODUCTION);
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

/** As answers name it. */
export function asShown({ id, name, alias, rule }: ChosenModel): JudgingModel {
  return { id, name, alias, precision: rule.variant };
}

function predictionTrace(
  trace: Trace,
  { id, rule }: ChosenModel,
  sentences: readonly string[],
): PredictionTrace {
  return new PredictionTrace(trace, {
    modelId: id,
    precision: rule.variant,
    sentences: sentences.length,
  });
}

/** How often to look whether a full queue has room again, in milliseconds. */
const ROOM_INTERVAL = 50;

async function scoreWhenThereIsRoom(
  model: ServedModel,
  sentences: string[],
  options: ScheduleOptions & { deadline: number },
  waitsForRoom: boolean,
): Promise<Scores> {
  for (;;) {
    try {
      return await model.score(sentences, options);
    } catch (error) {
      const isLate = performance.now() + ROOM_INTERVAL > options.deadline;
      if (!(error instanceof QueueFullError) || !waitsForRoom || isLate) throw error;
    }
    await setTimeout(ROOM_INTERVAL, undefined, { signal: options.signal });
  }
}

function answerTo(error: unknown, patience: number): unknown {
  if (error instanceof QueueFullError) {
    const seconds = Math.max(1, Math.ceil(error.retryAfterSeconds));
    return new TooManyRequestsError(
      `${error.waiting} sentences wait for this model already. Send the request again in ${seconds} s.`,
      seconds,
    );
  }
  if (error instanceof DeadlineExceededError) {
    const seconds = Math.max(1, Math.ceil(patience / 1000));
    return new OverdueError(
      `The sentences still waited after ${patience / 1000} s, so many are asked for. ` +
        `Send fewer at once, or try again in ${seconds} s.`,
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

function assertSentences(sentences: string[], pointer: (index: number) => string): void {
  const errors = sentences.flatMap((sentence, index) => {
    const message = problemOfSentence(sentence);
    return message === null ? [] : [{ pointer: pointer(index), message }];
  });
  if (errors.length > 0) {
    throw new InvalidInputError(
      `${errors.length} of ${sentences.length} sentences cannot be judged.`,
      errors,
    );
  }
}

/** What is wrong with it and what to do; null where it can be judged. */
export function problemOfSentence(sentence: unknown): string | null {
  if (typeof sentence !== 'string') return 'must be a string';
  if (isLongerThan(sentence, MAX_CHARACTERS)) {
    return `must have at most ${MAX_CHARACTERS} characters, not ${characterCount(sentence)}: split it into sentences`;
  }
  return sentenceProblem(sentence);
}
