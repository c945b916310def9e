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
  /** "unacceptable", then "acceptable". */
  logits: [number, number];
  /** Whether the sentence was too long for the model. Only its first tokens were judged then. */
  truncated: boolean;
  /** Number of judged tokens, including [CLS] and [SEP]. */
  tokens: number;
}

/** Time and batches of a request. Cached judgements take no time. */
export interface Timing {
  /** From the end of tokenisation to the judgements, minus `inferenceSeconds`: time spent waiting. */
  queueSeconds: number;
  tokenizationSeconds: number;
  /** Sum over the batches that held the sentences, each counted whole. */
  inferenceSeconds: number;
  /** Tokens of the computed sentences, including [CLS] and [SEP]. */
  tokens: number;
  /** Number of batches that held the sentences. */
  batches: number;
  /** Sentences in the largest of them, including those of other requests. */
  batchSize: number;
}

export interface Scores {
  /** In the order of the sentences. */
  judgements: Judgement[];
  timing: Timing;
}

export interface ServingOptions {
  /** The graph to use. Default: fp32. */
  precision?: Precision;
  /** Threads that compute one batch. Default: `auto`, the number of cores that this process may use. */
  threads?: number | 'auto';
  /** Default: {@link defaultLimits}. */
  limits?: Partial<SchedulerLimits>;
  /** Number of judgements to cache. Default: none. */
  rememberedSentences?: number;
  /** Receives events about waiting and computed sentences. */
  observer?: SchedulerObserver;
}

/**
 * No request is refused. A batch has 512 tokens: larger ones hardly raise the throughput, smaller ones lower
 * it.
 */
export const defaultLimits: SchedulerLimits = {
  tokensPerBatch: 512,
  maxQueuedSentences: Infinity,
  maxWait: 0,
};

/**
 * A loaded model folder that judges sentences. The tokenizer runs in this thread, the weights are in a thread
 * of their own. Close it after use.
 */
export class ServedModel {
  private readonly scheduler: Scheduler;
  private readonly recent: LRUCache<string, Judgement> | undefined;

  /**
   * @param folder with `config.json`, a tokenizer, `model.safetensors` and the graph of the precision.
   * @throws InvalidModelError if the model cannot be served, or not in this precision.
   */
  static async load(folder: string, options: ServingOptions = {}): Promise<ServedModel> {
    const config = parseEncoderConfig(await readJson(join(folder, 'config.json')));
    const { precision = 'fp32', threads = 'auto' } = options;
    const modelPath = join(folder, graphFiles[precision]);
    if (!existsSync(modelPath))
      throw new InvalidModelError(`${folder} has no ${graphFiles[precision]}, the graph for ${precision}.`);
    const tokenizer = await Tokenizer.open(folder);
    if (tokenizer.vocabSize > config.vocabSize) {
      throw new InvalidModelError(
        `${folder}: the tokenizer knows ${tokenizer.vocabSize} pieces, but the model only ${config.vocabSize}.`,
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
    /** The precision of the loaded graph. */
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
   * Judges sentences, in batches with those of other requests. The event loop stays free: inference runs in
   * another thread, and tokenisation is done in small portions.
   * @throws QueueFullError if too many sentences are waiting.
   * @throws DeadlineExceededError if some of them still wait at the deadline.
   * @throws Error after {@link close}, or if ONNX Runtime fails.
   * @throws the reason of the signal.
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

  /** Accepts nothing new, answers all accepted requests and frees the memory. */
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
      // The first sentence is always tokenised: it takes so little time that it need not wait.
      while (encoded.length > 0 && tokenisation.isUsedUp) {
        await tokenisation.nextTurn();
        signal?.throwIfAborted();
      }
      encoded.push(this.tokenizer.encode(sentence, longest));
    }
    return encoded;
  }
}

/** What to do if the graph of a precision is missing. */
/** Shared by all requests and all models. */
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
    throw new InvalidModelError(`${path} is missing.`);
  }
  return parseJsonFile(path, text);
}
