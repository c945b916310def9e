import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonObject, textFileLimits, type JsonObject } from '../json-file.js';
import { assertAccepted, type TokenizerDefinition } from './accepted-definition.js';
import { byteLevelDefinition } from './byte-level-definition.js';
import { findTokenizerFiles } from './files.js';
import { booleanSetting, readSettings, type TokenizerSettings } from './settings.js';
import { atOnce, type Steps } from './steps.js';
import { wordPieceDefinition } from './word-piece-definition.js';

/**
 * Reads the tokenizer of a folder: its `tokenizer.json`, otherwise `vocab.txt` (WordPiece) or `vocab.json`
 * with `merges.txt` (byte-level BPE). `tokenizer_config.json` and `special_tokens_map.json` apply as in
 * transformers.
 * @throws InvalidModelError if there is none or a file cannot be used.
 */
export function readDefinition(folder: string): TokenizerDefinition {
  return atOnce(definitionSteps(folder));
}

/** The same, step by step. */
export function* definitionSteps(folder: string): Steps<TokenizerDefinition> {
  findTokenizerFiles(folder);
  const settings = readSettings(folder);
  const stored = yield* storedDefinition(folder);
  if (stored) return withSettings(stored, settings);
  const wordPieces = existsSync(join(folder, 'vocab.txt'));
  const definition = wordPieces
    ? wordPieceDefinition(folder, settings)
    : byteLevelDefinition(folder, settings);
  yield;
  assertAccepted(definition, join(folder, wordPieces ? 'vocab.txt' : 'vocab.json'));
  return definition;
}

/**
 * Reads `tokenizer.json` unchanged.
 * @returns undefined if there is none
 * @throws InvalidModelError if its kind is not supported.
 */
export function readStoredDefinition(folder: string): TokenizerDefinition | undefined {
  return atOnce(storedDefinition(folder));
}

function* storedDefinition(folder: string): Steps<TokenizerDefinition | undefined> {
  const path = join(folder, 'tokenizer.json');
  const definition = readJsonObject(path, textFileLimits['tokenizer.json']);
  if (!definition) return undefined;
  yield;
  assertAccepted(definition, path);
  yield;
  return definition;
}

/**
 * The BERT and RoBERTa tokenizers of transformers take these settings from `tokenizer_config.json`, whatever
 * `tokenizer.json` says.
 * @returns the definition itself if nothing changes
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

/** Classes that use `tokenizer.json` unchanged. */
const ofNoModel: unknown[] = ['PreTrainedTokenizerFast', 'TokenizersBackend'];

function changedBy(part: JsonObject, wanted: JsonObject): JsonObject | undefined {
  const changes = Object.entries(wanted).filter(
    ([name, value]) => value !== undefined && part[name] !== value,
  );
  return changes.length === 0 ? undefined : { ...part, ...Object.fromEntries(changes) };
}
