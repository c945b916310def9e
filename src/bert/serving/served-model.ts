import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { maxSequenceLength, parseEncoderConfig, type EncoderConfig } from '../config.js';
import { InvalidModelError } from '../errors.js';
import { parseJsonFile } from '../json-file.js';
import { Tokenizer, type EncodedSentence } from '../tokenizer/tokenizer.js';
import { planBatches } from './batches.js';
import { InferenceThread } from './inference-thread.js';

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

export interface ServingOptions {
  /** Threads that compute one batch; default: as many as this process may use. */
  threads?: number;
}

/** A model folder made ready to judge sentences: its tokenizer here, its weights in a thread of its own. Close it. */
export class ServedModel {
  /**
   * @param folder with `config.json`, a tokenizer, `model.safetensors` and `model.onnx`.
   * @throws InvalidModelError if it is not a model that can be served.
   */
  static async load(
    folder: string,
    { threads = availableParallelism() }: ServingOptions = {},
  ): Promise<ServedModel> {
    const config = parseEncoderConfig(await readJson(join(folder, 'config.json')));
    const modelPath = join(folder, 'model.onnx');
    if (!existsSync(modelPath)) {
      throw new InvalidModelError(
        `${folder} has no model.onnx. Use the folder of a model that this service trained.`,
      );
    }
    const tokenizer = Tokenizer.fromFolder(folder);
    if (tokenizer.vocabSize > config.vocabSize) {
      throw new InvalidModelError(
        `${folder}: the tokenizer knows ${tokenizer.vocabSize} pieces but the model only ${config.vocabSize}. ` +
          'Take the tokenizer that belongs to the model.',
      );
    }
    return new ServedModel(config, tokenizer, await InferenceThread.start({ modelPath, threads }));
  }

  private constructor(
    readonly config: EncoderConfig,
    private readonly tokenizer: Tokenizer,
    private readonly thread: InferenceThread,
  ) {}

  /**
   * Judges sentences, in their order. The event loop stays free: computing is done elsewhere, and of many sentences few are
   * tokenised at a time.
   * @throws Error after {@link close}, or if ONNX Runtime fails.
   */
  async score(sentences: readonly string[]): Promise<Judgement[]> {
    const encoded = await this.tokenise(sentences);
    const lengths = encoded.map(({ tokenIds }) => tokenIds.length);
    const judgements: Judgement[] = [];
    for (const batch of planBatches(lengths, tokensPerBatch)) {
      // One batch at a time, so that another caller's short request need not wait for all of a long one.
      const logits = await this.thread.run(batch.map((position) => encoded[position]!.tokenIds));
      batch.forEach((position, row) => {
        judgements[position] = judge(encoded[position]!, logits[2 * row]!, logits[2 * row + 1]!);
      });
    }
    return judgements;
  }

  /** Lets what is being computed finish and gives the memory back. */
  close(): Promise<void> {
    return this.thread.close();
  }

  private async tokenise(sentences: readonly string[]): Promise<EncodedSentence[]> {
    const encoded: EncodedSentence[] = [];
    let pause = performance.now() + longestTurn;
    for (const sentence of sentences) {
      encoded.push(this.tokenizer.encode(sentence, maxSequenceLength(this.config)));
      if (performance.now() < pause) continue;
      await new Promise((resolve) => setImmediate(resolve));
      pause = performance.now() + longestTurn;
    }
    return encoded;
  }
}

/** Padding counted. Smaller and larger budgets judged fewer CoLA sentences a second: overhead or padding grows. */
const tokensPerBatch = 512;

/** Milliseconds for which tokenising may hold the event loop. */
const longestTurn = 5;

function judge(
  { tokenIds, truncated }: EncodedSentence,
  unacceptable: number,
  acceptable: number,
): Judgement {
  return {
    acceptable: acceptable > unacceptable,
    score: 1 / (1 + Math.exp(unacceptable - acceptable)),
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
