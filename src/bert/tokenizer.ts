import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as library from '@huggingface/tokenizers';
import { normalizeForBert, splitForBert, type BertNormalizerSettings } from './bert-normalizer.js';
import { InvalidModelError } from './errors.js';
import { parseJsonFile } from './json-file.js';

export interface EncodedSentence {
  /** [CLS] … [SEP]. */
  tokenIds: number[];
  /** Whether the sentence had more tokens than `maxLength` allows. */
  truncated: boolean;
}

/** Turns a sentence into the ids of its word pieces, as transformers' `BertTokenizer` does. */
export class Tokenizer {
  /** Largest id + 1: what the model's embedding must hold at least. */
  readonly vocabSize: number;

  readonly #tokenizer: HuggingFaceTokenizer;
  /** Tokens still wanted from the sentence at hand. */
  #wanted = 0;

  /**
   * Opens the tokenizer of a Hugging Face model folder: `tokenizer.json`; without one, `vocab.txt` as a WordPiece
   * vocabulary with the settings of `tokenizer_config.json`, if there is one (default: lower case).
   * @throws InvalidModelError if neither is there or a file cannot be used.
   */
  static fromFolder(folder: string): Tokenizer {
    const settings = readJson(join(folder, 'tokenizer_config.json')) ?? {};
    const definition = tokenizerDefinition(folder);
    try {
      return new Tokenizer(definition, settings);
    } catch (error) {
      if (error instanceof InvalidModelError) throw error;
      throw new InvalidModelError(
        `The tokenizer in ${folder} cannot be used (${(error as Error).message}). ` +
          'Copy tokenizer.json, tokenizer_config.json and vocab.txt from the original model again.',
      );
    }
  }

  private constructor(definition: Json, settings: Json) {
    const tokenizer = openTokenizer(definition, settings);
    const normalizer = definition['normalizer'] as (BertNormalizerSettings & { type: string }) | null;
    if (normalizer?.type === 'BertNormalizer') {
      tokenizer.normalizer = (text) => normalizeForBert(text, normalizer);
    }
    if ((definition['pre_tokenizer'] as Json | null)?.['type'] === 'BertPreTokenizer') {
      tokenizer.pre_tokenizer = splitForBert;
    }
    this.#tokenizer = tokenizer;
    const model = tokenizer.model;
    this.vocabSize = model.vocab.length;

    if ((definition['model'] as Json)['type'] === 'WordPiece') {
      // Words are cut into pieces one by one, in quadratic time, and each gives at least one: those beyond the last
      // wanted need not be cut, or a long body of long words could keep a thread busy for seconds.
      const encodeWords = model.encode.bind(model);
      model.encode = (words) => {
        const pieces = this.#wanted > 0 ? encodeWords(words.slice(0, this.#wanted)) : [];
        this.#wanted -= pieces.length;
        return pieces;
      };
    }
    const nothing = this.encode('', 8).tokenIds;
    if (nothing.length !== 2) {
      throw new InvalidModelError(
        'The tokenizer does not put one token before and one after a sentence, as BERT needs ([CLS] and [SEP]). ' +
          'Use the tokenizer of a BERT model.',
      );
    }
  }

  /**
   * @param maxLength most tokens to give, [CLS] and [SEP] counted; a longer sentence loses its last tokens.
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
}

/**
 * The tokenizer of a folder in the format of `tokenizer.json`: that file, or what `vocab.txt` and `tokenizer_config.json` amount to.
 * @throws InvalidModelError if neither is there or a file cannot be used.
 */
export function tokenizerDefinition(folder: string): Json {
  const settings = readJson(join(folder, 'tokenizer_config.json')) ?? {};
  return readJson(join(folder, 'tokenizer.json')) ?? wordPieceDefinition(readVocabulary(folder), settings);
}

type Json = Record<string, unknown>;

/** What is used of the library's `Tokenizer`: its own declarations cannot be found under `moduleResolution: nodenext`. */
interface HuggingFaceTokenizer {
  normalizer: ((text: string) => string) | null;
  pre_tokenizer: ((text: string) => string[]) | null;
  model: { vocab: string[]; encode(words: string[]): string[] };
  encode(text: string): { ids: number[] };
}

function openTokenizer(definition: Json, settings: Json): HuggingFaceTokenizer {
  const { Tokenizer } = library as unknown as {
    Tokenizer: new (definition: Json, settings: Json) => HuggingFaceTokenizer;
  };
  return new Tokenizer(definition, settings);
}

function readJson(path: string): Json | undefined {
  if (!existsSync(path)) return undefined;
  const json = parseJsonFile(path, readFileSync(path, 'utf8'));
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new InvalidModelError(
      `${path} must hold a JSON object. Copy the file from the original model again.`,
    );
  }
  return json as Json;
}

/** One piece a line; its id is its line, from 0. Of pieces that stand there twice the later counts, as in transformers. */
function readVocabulary(folder: string): Map<string, number> {
  const path = join(folder, 'vocab.txt');
  if (!existsSync(path)) {
    throw new InvalidModelError(
      `${folder} has neither tokenizer.json nor vocab.txt. Add one from the original model.`,
    );
  }
  const lines = readFileSync(path, 'utf8').split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return new Map(lines.map((piece, id) => [piece, id]));
}

/** What transformers makes of a BERT `vocab.txt`, in the format of `tokenizer.json`. */
function wordPieceDefinition(vocabulary: Map<string, number>, settings: Json): Json {
  const unknown = specialToken(settings, 'unk_token', '[UNK]');
  const start = specialToken(settings, 'cls_token', '[CLS]');
  const end = specialToken(settings, 'sep_token', '[SEP]');
  const padding = specialToken(settings, 'pad_token', '[PAD]');
  const mask = specialToken(settings, 'mask_token', '[MASK]');
  for (const token of [unknown, start, end, padding]) {
    if (!vocabulary.has(token)) {
      throw new InvalidModelError(`vocab.txt lacks ${token}. Use the vocab.txt that belongs to the model.`);
    }
  }
  const special = [padding, unknown, start, end, mask].filter((token) => vocabulary.has(token));
  return {
    version: '1.0',
    added_tokens: special.map((content) => ({
      id: vocabulary.get(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: settings['tokenize_chinese_chars'] ?? true,
      strip_accents: settings['strip_accents'] ?? null,
      lowercase: settings['do_lower_case'] ?? true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: start, type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: end, type_id: 0 } },
      ],
      pair: [
        { SpecialToken: { id: start, type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: end, type_id: 0 } },
        { Sequence: { id: 'B', type_id: 1 } },
        { SpecialToken: { id: end, type_id: 1 } },
      ],
      special_tokens: Object.fromEntries(
        [start, end].map((token) => [token, { id: token, ids: [vocabulary.get(token)], tokens: [token] }]),
      ),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unknown,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary),
    },
  };
}

/** A special token of `tokenizer_config.json`: a string, or an object with the string as `content`. */
function specialToken(settings: Json, name: string, otherwise: string): string {
  const value = settings[name];
  if (typeof value === 'string') return value;
  const content = typeof value === 'object' && value !== null ? (value as Json)['content'] : undefined;
  return typeof content === 'string' ? content : otherwise;
}
