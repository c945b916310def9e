import { createHash } from 'node:crypto';
import type { Example } from '../../bert/fine-tuning/example.js';
import type { Tokenizer } from '../../bert/tokenizer/tokenizer.js';
import { hashedRow, readRows } from '../../datasets/rows-file.js';
import { holdOut } from '../holdout.js';
import type { JobRows } from './messages.js';

/** The rows of a run as the fine-tuning takes them. */
export interface Examples {
  training: Example[];
  validation: Example[];
  /** sha256 over the validation rows in order, in the form of a dataset's content hash. */
  validationContentHash: string;
  /** Tokens of the longest sequence of all. */
  longest: number;
  /** How many different pieces there are. */
  pieces: number;
  highestId: number;
}

export interface ExampleOptions {
  /** In tokens, [CLS] and [SEP] counted; longer sentences are cut. */
  maxLength: number;
  /** Share of the training rows held out where there is no validation set. */
  validationFraction: number;
  seed: number;
}

/** Reads and tokenises the rows, and holds some out where there is no validation set. */
export async function readExamples(
  training: JobRows,
  validation: JobRows | null,
  tokenizer: Tokenizer,
  options: ExampleOptions,
  signal: AbortSignal,
): Promise<Examples> {
  const all = await tokenise(training, tokenizer, options.maxLength, signal);
  if (validation) {
    const validationExamples = await tokenise(validation, tokenizer, options.maxLength, signal);
    return {
      training: all,
      validation: validationExamples,
      validationContentHash: validation.contentHash,
      ...survey(all, validationExamples),
    };
  }
  const labels = all.map((example) => example.label);
  const split = holdOut(labels, options.validationFraction, options.seed);
  return {
    training: split.training.map((row) => all[row]!),
    validation: split.validation.map((row) => all[row]!),
    validationContentHash: await contentHash(training, split.validation),
    ...survey(all),
  };
}

async function tokenise(
  source: JobRows,
  tokenizer: Tokenizer,
  maxLength: number,
  signal: AbortSignal,
): Promise<Example[]> {
  const examples: Example[] = [];
  for await (const { label, sentence } of readRows(source)) {
    signal.throwIfAborted();
    examples.push({ tokenIds: Int32Array.from(tokenizer.encode(sentence, maxLength).tokenIds), label });
  }
  return examples;
}

/** Reads the file once more, so that the sentences of a large set need not be held beside their tokens. */
async function contentHash(source: JobRows, rows: number[]): Promise<string> {
  const hash = createHash('sha256');
  let row = 0;
  let next = 0;
  for await (const { label, sentence } of readRows(source)) {
    if (row++ !== rows[next]) continue;
    hash.update(hashedRow({ label, sentence }));
    next++;
  }
  return hash.digest('hex');
}

function survey(...lists: Example[][]): Pick<Examples, 'longest' | 'pieces' | 'highestId'> {
  let longest = 0;
  let highestId = 0;
  const pieces = new Set<number>();
  for (const list of lists) {
    for (const { tokenIds } of list) {
      longest = Math.max(longest, tokenIds.length);
      for (let i = 0; i < tokenIds.length; i++) pieces.add(tokenIds[i]!);
    }
  }
  for (const id of pieces) highestId = Math.max(highestId, id);
  return { longest, pieces: pieces.size, highestId };
}
