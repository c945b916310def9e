import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidModelError } from '../errors.js';
import { isJsonObject, readJsonObject, type JsonObject } from '../json-file.js';
import { byteLevelDefinition } from './byte-level-definition.js';
import { findTokenizerFiles } from './files.js';
import { booleanSetting, readSettings, type TokenizerSettings } from './settings.js';
import type { TokenizerDefinition } from './tokenizer-definition.js';
import { wordPieceDefinition } from './word-piece-definition.js';

/** How sentences become pieces: as in BERT, as in RoBERTa, or in another way that is left to the library. */
export type TokenizerKind = 'word-piece' | 'byte-level' | 'other';

/**
 * The tokenizer of a folder: its `tokenizer.json`, else what `vocab.txt` (WordPiece) or `vocab.json` with
 * `merges.txt` (byte-level BPE) amount to. `tokenizer_config.json` and `special_tokens_map.json` have their say, as
 * in transformers.
 * @throws InvalidModelError if none is there or a file cannot be used.
 */
export function readDefinition(folder: string): TokenizerDefinition {
  findTokenizerFiles(folder);
  const settings = readSettings(folder);
  const stored = readStoredDefinition(folder);
  if (stored) return withSettings(stored, settings);
  return existsSync(join(folder, 'vocab.txt'))
    ? wordPieceDefinition(folder, settings)
    : byteLevelDefinition(folder, settings);
}

/**
 * `tokenizer.json` as it stands.
 * @returns undefined if there is none
 * @throws InvalidModelError if it is not a tokenizer.
 */
export function readStoredDefinition(folder: string): TokenizerDefinition | undefined {
  const path = join(folder, 'tokenizer.json');
  const definition = readJsonObject(path);
  if (!definition) return undefined;
  if (!isJsonObject(definition['model']) || !Array.isArray(definition['added_tokens'])) {
    throw new InvalidModelError(
      `${path} holds no tokenizer: model or added_tokens is missing. Copy the file from the original model again.`,
    );
  }
  const wrong = wrongId(definition['model'], definition['added_tokens']);
  if (wrong) throw new InvalidModelError(`${path} ${wrong}. Copy the file from the original model again.`);
  return definition as TokenizerDefinition;
}

/** Far beyond any vocabulary; more would only fill memory. */
const mostIds = 2 ** 24;

/** What is wrong with the ids of pieces and of added tokens, which index a table; undefined if nothing is. */
function wrongId({ vocab }: JsonObject, addedTokens: unknown[]): string | undefined {
  // Kinds that are left to the library may have a list, whose places are the ids.
  const pieces = isJsonObject(vocab) ? Object.entries(vocab) : [];
  for (const [piece, id] of pieces) {
    if (!isId(id)) return `gives ${JSON.stringify(piece)} the id ${JSON.stringify(id)}, which is none`;
  }
  for (const token of addedTokens) {
    const { content, id } = isJsonObject(token) ? token : {};
    if (typeof content !== 'string' || content === '') return 'has an added token without a text';
    if (!isId(id)) return `gives ${JSON.stringify(content)} the id ${JSON.stringify(id)}, which is none`;
  }
  return undefined;
}

function isId(id: unknown): boolean {
  return Number.isInteger(id) && (id as number) >= 0 && (id as number) < mostIds;
}

export function kindOf({ model, pre_tokenizer: split }: TokenizerDefinition): TokenizerKind {
  const type = model['type'] ?? typeByFields(model);
  if (type === 'WordPiece') return 'word-piece';
  const rulesApart = ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix', 'byte_fallback'];
  const plain =
    type === 'BPE' &&
    rulesApart.every((rule) => !model[rule]) &&
    split?.['type'] === 'ByteLevel' &&
    split['use_regex'] !== false;
  return plain ? 'byte-level' : 'other';
}

/** Older files do not name the model's type. */
function typeByFields(model: JsonObject): string | undefined {
  if ('merges' in model) return 'BPE';
  return 'max_input_chars_per_word' in model ? 'WordPiece' : undefined;
}

/**
 * transformers' tokenizers of BERT and RoBERTa take these settings from `tokenizer_config.json`, whatever
 * `tokenizer.json` says.
 * @returns the definition itself if that changes nothing
 */
function withSettings(definition: TokenizerDefinition, settings: TokenizerSettings): TokenizerDefinition {
  if (ofNoModel.includes(settings.config['tokenizer_class'])) return definition;
  const { normalizer, pre_tokenizer: split } = definition;
  const changes: Partial<TokenizerDefinition> = {};
  if (normalizer?.['type'] === 'BertNormalizer') {
    const changed = changedBy(normalizer, {
      lowercase: booleanSetting(settings, 'do_lower_case'),
      strip_accents:
        settings.config['strip_accents'] === null ? null : booleanSetting(settings, 'strip_accents'),
      handle_chinese_chars: booleanSetting(settings, 'tokenize_chinese_chars'),
    });
    if (changed) changes.normalizer = changed;
  }
  if (split?.['type'] === 'ByteLevel') {
    const changed = changedBy(split, { add_prefix_space: booleanSetting(settings, 'add_prefix_space') });
    if (changed) changes.pre_tokenizer = changed;
  }
  return Object.keys(changes).length === 0 ? definition : { ...definition, ...changes };
}

/** Classes that take all of `tokenizer.json` and no setting. */
const ofNoModel: unknown[] = ['PreTrainedTokenizerFast', 'TokenizersBackend'];

function changedBy(part: JsonObject, wanted: JsonObject): JsonObject | undefined {
  const changes = Object.entries(wanted).filter(
    ([name, value]) => value !== undefined && part[name] !== value,
  );
  return changes.length === 0 ? undefined : { ...part, ...Object.fromEntries(changes) };
}
