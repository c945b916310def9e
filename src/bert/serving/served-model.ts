import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { maxSequenceLength, parseEncoderConfig, type EncoderConfig } from '../config.js';
import { InvalidModelError } from '../errors.js';
import { sigmoid } from '../evaluation/evaluation.js';
import { parseJsonFile } from '../json-file.js';
import { graphFiles, type Precision } from '../onnx/precisions.js';
import { Tokenizer, type EncodedSentence } from '../tokenizer/tokenizer.js';
import { availableCores } from './available-cores.js';
import { EventLoopShare } from './event-loop-share.js';
import { InferenceThread } from './inference-thread.js';
import {
  Scheduler,
  type ScheduleOptions,
  type SchedulerLimits,
  type SchedulerObserver,
} from './scheduler.js';

export interface Judgement {
  /** Whether the logit of "acceptable" is the larger one. */
  acceptable: boolean;
  /** Probability of "acceptable": the softmax of the logits. */
  score: number;
  /** Of "unacceptable" and of "acceptable". */
  logits: [number, number];
  /** Whether the sentence was too long for the model and only its first tokens were judged. */
  truncated: boolean;
  /** How many were judged, [CLS] and [SEP] counted. */
  tokens: number;
}

/** Where the time went, and with how much company. What is remembered takes none. */
export interface Timing {
  /** From the last token to the judgements, less `inferenceSeconds`: waiting for others. */
  queueSeconds: number;
  tokenizationSeconds: number;
  /** Of the batches that held the sentences, each as a whole. */
  inferenceSeconds: number;
  /** Of the sentences that were computed, [CLS] and [SEP] counted. */
  tokens: number;
  /** How many batches held the sentences. */
  batches: number;
  /** Sentences of the largest of them, those of other requests counted. */
  batchSize: number;
}

export interface Scores {
  /** In the order of the sentences. */
  judgements: Judgement[];
  timing: Timing;
}

export interface ServingOptions {
  /** Which graph of the folder computes; default: fp32. */
  precision?: Precision;
  /** Threads that compute one batch; `auto`, the default: as many as this process may use cores. */
  threads?: number | 'auto';
  /** Default: {@link defaultLimits}. */
  limits?: Partial<SchedulerLimits>;
  /** Of how many sentences the judgements are remembered; default: none. */
  rememberedSentences?: number;
  /** Told of what waits and of what was computed. */
  observer?: SchedulerObserver;
}

/** Nobody is refused. 512 tokens a batch: larger ones compute hardly more sentences a second, smaller ones fewer. */
export const defaultLimits: SchedulerLimits = {
  tokensPerBatch: 512,
  maxQueuedSentences: Infinity,
  maxWait: 0,
};

/** A model folder made ready to judge sentences: its tokenizer here, its weights in a thread of its own. Close it. */
export class ServedModel {
  private readonly scheduler: Scheduler;
  private readonly recent: LRUCache<string, Judgement> | undefined;

  /**
   * @param folder with `config.json`, a tokenizer, `model.safetensors` and the graph of the precision.
   * @throws InvalidModelError if it is not a model that can be served, or not in this precision.
   */
  static async load(folder: string, options: ServingOptions = {}): Promise<ServedModel> {
    const config = parseEncoderConfig(await readJson(join(folder, 'config.json')));
    const { precision = 'fp32', threads = 'auto' } = options;
    const modelPath = join(folder, graphFiles[precision]);
    if (!existsSync(modelPath))
      throw new InvalidModelError(`${folder} has no ${graphFiles[precision]}. ${advice[precision]}`);
    const tokenizer = await Tokenizer.open(folder);
    if (tokenizer.vocabSize > config.vocabSize) {
      throw new InvalidModelError(
        `${folder}: the tokenizer knows ${tokenizer.vocabSize} pieces but the model only ${config.vocabSize}. ` +
          'Take the tokenizer that belongs to the model.',
      );
    }
    const thread = await InferenceThread.start({
      modelPath,
      threads: threads === 'auto' ? availableCores() : threads,
    });
    return new ServedModel(config, precision, tokenizer, thread, options);
  }

  private constructor(
    readonly config: EncoderConfig,
    /** The graph that computes. */
    readonly precision: Precision,
    private readonly tokenizer: Tokenizer,
    private readonly thread: InferenceThread,
    { limits, rememberedSentences = 0, observer }: ServingOptions,
  ) {
    this.scheduler = new Scheduler(
      (sentences) => thread.run(sentences),
      { ...defaultLimits, ...limits },
      observer,
    );
    // Bounded by size, since a bound by `max` takes its memory at once, for as many sentences as may ever be remembered.
    if (rememberedSentences > 0)
      this.recent = new LRUCache({ maxSize: rememberedSentences, sizeCalculation: () => 1 });
  }

  /**
   * Judges sentences, in batches with those of other requests. The event loop stays free: computing is done elsewhere, and of
   * many sentences few are tokenised at a time.
   * @throws QueueFullError if too many sentences wait already.
   * @throws DeadlineExceededError if some of them still wait at the deadline.
   * @throws Error after {@link close}, or if ONNX Runtime fails; and what the signal was aborted with.
   */
  async score(sentences: readonly string[], options: ScheduleOptions = {}): Promise<Scores> {
    const judgements = sentences.map((sentence) => this.recent?.get(sentence));
    const unknown = sentences.filter((_, position) => judgements[position] === undefined);
    const computed = await this.compute(unknown, options);
    let next = 0;
    return {
      judgements: judgements.map((judgement) => judgement ?? computed.judgements[next++]!),
      timing: computed.timing,
    };
  }

  /** Takes nothing new, answers what it has taken and gives the memory back. */
  async close(): Promise<void> {
    await this.scheduler.close();
    await this.thread.close();
  }

  private async compute(sentences: readonly string[], options: ScheduleOptions): Promise<Scores> {
    let encoded: EncodedSentence[] = [];
    let tokenizationSeconds = 0;
    const tokenise = async () => {
      const started = performance.now();
      encoded = await this.tokenise(sentences, options.signal);
      const ended = performance.now();
      tokenizationSeconds = (ended - started) / 1000;
      options.trace?.tokenised(started, ended);
      return encoded.map(({ tokenIds }) => tokenIds);
    };
    const { logits, ...timing } = await this.scheduler.score(sentences.length, tokenise, options);
    const judgements = encoded.map((sentence, i) => judge(sentence, logits[2 * i]!, logits[2 * i + 1]!));
    judgements.forEach((judgement, i) => this.recent?.set(sentences[i]!, judgement));
    const tokens = judgements.reduce((sum, judgement) => sum + judgement.tokens, 0);
    return { judgements, timing: { ...timing, tokenizationSeconds, tokens } };
  }

  private async tokenise(
    sentences: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<EncodedSentence[]> {
    const encoded: EncodedSentence[] = [];
    const longest = maxSequenceLength(this.config);
    for (const sentence of sentences) {
      // The first one takes so little that a single sentence need not wait for anybody.
      while (encoded.length > 0 && tokenisation.isUsedUp) {
        await tokenisation.nextTurn();
        signal?.throwIfAborted();
      }
      encoded.push(this.tokenizer.encode(sentence, longest));
    }
    return encoded;
  }
}

/** Where the graph of a precision is missing. */
const advice: Readonly<Record<Precision, string>> = {
  fp32: 'Use the folder of a model that this service trained.',
  int8: 'It was trained before there was int8: use fp32, or train it again.',
};

/** Of all requests and all models. */
const tokenisation = new EventLoopShare(5);

function judge(
  { tokenIds, truncated }: EncodedSentence,
  unacceptable: number,
  acceptable: number,
): Judgement {
  return {
    acceptable: acceptable > unacceptable,
    score: sigmoid(acceptable - unacceptable),
    logits: [unacceptable, acceptable],
    truncated,
    tokens: tokenIds.length,
  };
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code !== 'ENOENT' &&
      (error as NodeJS.ErrnoException).code !== 'ENOTDIR'
    )
      throw error;
    throw new InvalidModelError(`${path} is missing. Use the folder of a model that this service trained.`);
  }
  return parseJsonFile(path, text);
}
