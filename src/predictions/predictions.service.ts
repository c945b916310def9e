import { Injectable } from '@nestjs/common';
import { DeadlineExceededError, QueueFullError } from '../bert/errors.js';
import type { Judgement, Scores, Timing } from '../bert/serving/served-model.js';
import {
  ConflictError,
  InvalidInputError,
  NotFoundError,
  OverdueError,
  TooManyRequestsError,
} from '../common/errors.js';
import { Settings } from '../config/settings.js';
import { Instruments, type PredictionOutcome } from '../metrics/instruments.js';
import { PRODUCTION } from '../models/model-version.js';
import { ModelsService, type ResolvedModel } from '../models/models.service.js';
import { ServedModels } from './served-models.js';

/** Longer than any sentence, shorter than what would keep the tokenizer busy. */
const MAX_CHARACTERS = 10_000;

export interface Predictions {
  /** In the order of the sentences. */
  judgements: Judgement[];
  model: ResolvedModel;
  timing: Timing;
}

export interface PredictOptions {
  /** Which model: an id or an alias; production by default. */
  model?: string;
  /** Aborted when nobody waits for the answer any more. */
  signal?: AbortSignal;
}

/** Judges sentences with a model of the registry. */
@Injectable()
export class PredictionsService {
  constructor(
    private readonly models: ModelsService,
    private readonly served: ServedModels,
    private readonly instruments: Instruments,
    private readonly settings: Settings,
  ) {}

  /**
   * @param sentences whose pointers in the request are `pointer(0)`, `pointer(1)`, …
   * @throws InvalidInputError if a sentence is empty or far too long
   * @throws NotFoundError if there is no such model
   * @throws ConflictError if none was named and none is in production
   * @throws UnavailableError if the model cannot be loaded
   * @throws TooManyRequestsError if too many sentences wait already
   * @throws OverdueError if some of the sentences still wait at the deadline of the settings
   */
  async predict(
    sentences: string[],
    pointer: (index: number) => string,
    { model: idOrAlias, signal }: PredictOptions = {},
  ): Promise<Predictions> {
    const deadline = performance.now() + this.settings.predictDeadline;
    assertSentences(sentences, pointer);
    const model = await this.resolve(idOrAlias);
    try {
      const scores = await this.served.use(model.id, async (loaded) => {
        const end = this.instruments.predictionSeconds.startTimer();
        const scores = await loaded.score(sentences, { signal, deadline });
        end();
        return scores;
      });
      this.record(scores, model);
      return { ...scores, model };
    } catch (error) {
      this.instruments.countPredictions(outcomeOf(error as Error), model.alias, sentences.length);
      throw this.answerTo(error);
    }
  }

  private answerTo(error: unknown): unknown {
    if (error instanceof QueueFullError) {
      const seconds = Math.max(1, Math.ceil(error.retryAfterSeconds));
      return new TooManyRequestsError(
        `${error.waiting} sentences wait for this model already. Send the request again in ${seconds} s.`,
        seconds,
      );
    }
    if (error instanceof DeadlineExceededError) {
      return new OverdueError(
        `The sentences still waited after ${this.settings.predictDeadline / 1000} s, so many are asked for. ` +
          'Send fewer at once, or later.',
      );
    }
    return error;
  }

  private record({ judgements, timing }: Scores, { alias }: ResolvedModel): void {
    this.instruments.predictionTokenizationSeconds.observe(timing.tokenizationSeconds);
    this.instruments.predictionQueueSeconds.observe(timing.queueSeconds);
    const acceptable = judgements.filter((judgement) => judgement.acceptable).length;
    if (acceptable > 0) this.instruments.countPredictions('acceptable', alias, acceptable);
    const unacceptable = judgements.length - acceptable;
    if (unacceptable > 0) this.instruments.countPredictions('unacceptable', alias, unacceptable);
  }

  private async resolve(idOrAlias: string | undefined): Promise<ResolvedModel> {
    try {
      return await this.models.resolve(idOrAlias ?? PRODUCTION);
    } catch (error) {
      if (!(error instanceof NotFoundError) || idOrAlias !== undefined) throw error;
      throw new ConflictError(await this.howToGetOne());
    }
  }

  private async howToGetOne(): Promise<string> {
    if ((await this.models.count()) > 0) {
      return (
        `No model is in production. Choose one of GET /models: name it in "model", or put it there: ` +
        `curl -X PUT -H 'content-type: application/json' -d '{"modelId": "mdl_…"}' localhost:3000/aliases/${PRODUCTION}`
      );
    }
    return (
      'There is no model yet. Train one, which goes into production when it is done: ' +
      'curl -F file=@in_domain_train.tsv -F baseModel=all-MiniLM-L6-v2 localhost:3000/train'
    );
  }
}

function outcomeOf(error: Error): PredictionOutcome {
  if (error instanceof QueueFullError) return 'refused';
  if (error instanceof DeadlineExceededError) return 'overdue';
  return error.name === 'AbortError' ? 'abandoned' : 'error';
}

function assertSentences(sentences: string[], pointer: (index: number) => string): void {
  const errors = sentences.flatMap((sentence, index) => {
    const message = problemOf(sentence);
    return message === null ? [] : [{ pointer: pointer(index), message }];
  });
  if (errors.length > 0) {
    throw new InvalidInputError(
      `${errors.length} of ${sentences.length} sentences cannot be judged.`,
      errors,
    );
  }
}

function problemOf(sentence: unknown): string | null {
  if (typeof sentence !== 'string') return 'must be a string';
  if (sentence.trim() === '') return 'must not be empty: write a sentence';
  if (sentence.length > MAX_CHARACTERS) {
    return `must have at most ${MAX_CHARACTERS} characters, not ${sentence.length}: split it into sentences`;
  }
  return null;
}
