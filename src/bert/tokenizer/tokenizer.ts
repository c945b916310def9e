import * as library from '@huggingface/tokenizers';
import { InvalidModelError } from '../errors.js';
import { kindOf, type TokenizerDefinition } from './accepted-definition.js';
import { stripAroundTokens } from './added-tokens.js';
import { splitForBert } from './bert-normalizer.js';
import { splitForByteLevel, toByteCharacters } from './byte-level-words.js';
import { BytePairEncoding } from './byte-pair-encoding.js';
import { definitionSteps } from './definition.js';
import { normalization } from './normalization.js';
import type { SpecialToken } from './settings.js';
import { atOnce, inTurns, type Steps } from './steps.js';
import { WordCache } from './word-cache.js';
import { WordPieceEncoding } from './word-piece-encoding.js';

export interface EncodedSentence {
  /** [CLS] … [SEP] in BERT, `<s>` … `</s>` in RoBERTa. */
  tokenIds: number[];
  /** Whether the sentence had more tokens than `maxLength` allows. */
  truncated: boolean;
}

/** Characters that vocabularies contain, and some that most of them lack. */
const OF_ANY_KIND = 'a 語 é ☃';

/** Turns a sentence into the ids of its pieces, as transformers' `BertTokenizer` and `RobertaTokenizer` do. */
export class Tokenizer {
  /** Largest id + 1: the minimum size of the model's embedding. */
  readonly vocabSize: number;

  readonly #tokenizer: HuggingFaceTokenizer;
  /** Number of tokens still needed from the current sentence. */
  #wanted = 0;

  /**
   * Opens the tokenizer of a Hugging Face model folder: `tokenizer.json`, otherwise `vocab.txt` as a
   * WordPiece vocabulary, or `vocab.json` with `merges.txt` as byte-level BPE. Settings in
   * `tokenizer_config.json` apply.
   * @throws InvalidModelError if there is none or a file cannot be used.
   */
  static fromFolder(folder: string): Tokenizer {
    return atOnce(Tokenizer.#opening(folder));
  }

  /** The same without blocking: the event loop gets a turn after each step. */
  static open(folder: string): Promise<Tokenizer> {
    return inTurns(Tokenizer.#opening(folder));
  }

  /** The time of each step grows with the vocabulary: about 15 ms for BERT's 30,522 pieces. */
  static *#opening(folder: string): Steps<Tokenizer> {
    const definition = yield* definitionSteps(folder);
    try {
      const tokenizer = openTokenizer(definition);
      yield;
      const encodeWord = wordEncoding(definition);
      yield;
      return new Tokenizer(definition, tokenizer, encodeWord);
    } catch (error) {
      if (error instanceof InvalidModelError) throw error;
      throw new InvalidModelError(
        `The tokenizer in ${folder} cannot be used (${(error as Error).message}). ` +
          "Copy the tokenizer's files from the original model again.",
      );
    }
  }

  private constructor(
    definition: TokenizerDefinition,
    tokenizer: HuggingFaceTokenizer,
    encodeWord: (word: string) => string[],
  ) {
    this.#tokenizer = tokenizer;
    this.vocabSize = tokenizer.model.vocab.length;
    replaceInexactParts(tokenizer, definition);
    const pieces = new WordCache(encodeWord);
    tokenizer.model.encode = (words) => this.#encodeWanted(words, pieces);
    // The encoding already fuses unknown characters within a word.
    tokenizer.model.fuse_unk = false;
    const nothing = this.encode('', 8).tokenIds;
    // A token that the vocabulary lacks has no id.
    const isId = (id: unknown) => Number.isInteger(id) && (id as number) < this.vocabSize;
    if (nothing.length !== 2 || !nothing.every(isId)) {
      throw new InvalidModelError(
        'The tokenizer does not put one token before and one after a sentence, as BERT needs ([CLS] and [SEP]). ' +
          'Use the tokenizer of a BERT or RoBERTa model.',
      );
    }
    if (!this.encode(OF_ANY_KIND, 64).tokenIds.every(isId)) {
      throw new InvalidModelError(
        'The tokenizer has no token for what its vocabulary lacks ([UNK]). Use the tokenizer of a BERT or RoBERTa model.',
      );
    }
  }

  /**
   * @param maxLength maximum number of tokens, including the first and the last. A longer sentence loses the
   * tokens before its last.
   */
  encode(sentence: string, maxLength: number): EncodedSentence {
    if (!Number.isInteger(maxLength) || maxLength < 2) {
      throw new RangeError(
        `maxLength is ${maxLength}, but [CLS] and [SEP] alone are two tokens. This is a bug.`,
      );
    }
    this.#wanted = maxLength;
    const tokenIds = this.#tokenizer.encode(sentence).ids;
    const truncated = tokenIds.length > maxLength;
    if (truncated) tokenIds.splice(maxLength - 1, tokenIds.length - maxLength);
    return { tokenIds, truncated };
  }

  /**
   * Splitting a word takes time and gives at least one piece. So words beyond the last needed piece are not
   * split. Otherwise a long body of long words could block a thread for seconds.
   */
  #encodeWanted(words: readonly string[], piecesOf: WordCache<readonly string[]>): string[] {
    const all: string[] = [];
    for (const word of words) {
      if (this.#wanted <= 0) break;
      const pieces = piecesOf.get(word);
      this.#wanted -= pieces.length;
      for (const piece of pieces) all.push(piece);
    }
    return all;
  }
}

/**
 * The parts of the library's `Tokenizer` that are used here. Its own declarations cannot be found under
 * `moduleResolution: nodenext`.
 */
interface HuggingFaceTokenizer {
  normalizer: ((text: string) => string) | null;
  pre_tokenizer: ((text: string) => string[]) | null;
  model: { vocab: string[]; fuse_unk: boolean; encode(words: string[]): string[] };
  /** Split a text around the added tokens that match before, or after, normalisation. */
  splitter_unnormalized: Splitter;
  splitter_normalized: Splitter;
  encode(text: string): { ids: number[] };
}

interface Splitter {
  split(text: string): string[];
}

function openTokenizer(definition: TokenizerDefinition): HuggingFaceTokenizer {
  const { Tokenizer } = library as unknown as {
    Tokenizer: new (definition: TokenizerDefinition, settings: object) => HuggingFaceTokenizer;
  };
  // This class strips spaces around tokens and merges pieces itself.
  const added_tokens = definition.added_tokens.map((token) => ({ ...token, lstrip: false, rstrip: false }));
  const model =
    kindOf(definition) === 'byte-level'
      ? { ...definition.model, type: 'BPE', merges: [] }
      : { ...definition.model, type: 'WordPiece' };
  const { normalizer = null, pre_tokenizer = null, post_processor = null } = definition;
  // No decoder: nothing is turned back into text. Parts that are not passed cannot run.
  return new Tokenizer({ normalizer, pre_tokenizer, post_processor, decoder: null, added_tokens, model }, {});
}

/** The function that splits a word into pieces. */
function wordEncoding(definition: TokenizerDefinition): (word: string) => string[] {
  switch (kindOf(definition)) {
    case 'word-piece': {
      const pieces = new WordPieceEncoding(definition.model);
      return (word) => pieces.encode(word);
    }
    case 'byte-level': {
      const pairs = new BytePairEncoding(definition.model);
      return (word) => pairs.encode(toByteCharacters(word));
    }
  }
}

/** Replaces the parts of the library that differ from the reference. */
function replaceInexactParts(tokenizer: HuggingFaceTokenizer, definition: TokenizerDefinition): void {
  const { normalizer, pre_tokenizer: split, added_tokens: addedTokens } = definition;
  if (normalizer) tokenizer.normalizer = normalization(normalizer);
  if (split?.['type'] === 'BertPreTokenizer') tokenizer.pre_tokenizer = splitForBert;
  if (kindOf(definition) === 'byte-level') {
    const prefixSpace = split?.['add_prefix_space'] === true;
    tokenizer.pre_tokenizer = (text) => splitForByteLevel(text, prefixSpace);
  }

  const stripping = (addedTokens as unknown as SpecialToken[]).filter(
    ({ lstrip, rstrip }) => lstrip || rstrip,
  );
  if (stripping.length === 0) return;
  const tokens = new Map(stripping.map((token) => [token.content, token]));
  for (const splitter of [tokenizer.splitter_unnormalized, tokenizer.splitter_normalized]) {
    const splitAtTokens = splitter.split.bind(splitter);
    splitter.split = (text) => stripAroundTokens(splitAtTokens(text), tokens);
  }
}
