import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { architectures, type ModelType } from '../architectures/index.js';
import type { JsonObject } from '../json-file.js';
import { byteLevelSpecialTokens } from './byte-level-definition.js';
import { kindOf, type TokenizerKind, type TokenizerDefinition } from './accepted-definition.js';
import { readDefinition, readStoredDefinition } from './definition.js';
import type { TokenizerFileName } from './files.js';
import { readSettings, type SpecialToken, type TokenizerSettings } from './settings.js';
import { wordPieceSpecialTokens } from './word-piece-definition.js';

/** Values of a model's `config.json` that the tokenizer's files should repeat. */
export interface TokenizersModel {
  /** The `model_type`, from which transformers infers the tokenizer's class if nothing else names it. */
  modelType: ModelType;
  /** Maximum number of tokens in a sentence, including the first and the last. */
  maxLength: number;
}

/**
 * Completes the tokenizer files of a folder so that all readers find the same tokenizer. Some programs read
 * only `tokenizer.json`. Transformers takes some settings from `tokenizer_config.json` and uses its own
 * defaults if they are missing.
 * @returns the text of each file that is missing or incomplete.
 * @throws InvalidModelError if the folder has no tokenizer or a file cannot be used.
 */
export function completeTokenizerFiles(
  folder: string,
  model: TokenizersModel,
): Map<TokenizerFileName, string> {
  const definition = readDefinition(folder);
  const kind = kindOf(definition);
  const settings = readSettings(folder);
  const tokens = namedTokens(kind, settings, definition);
  const files = new Map<TokenizerFileName, string>();

  if (JSON.stringify(readStoredDefinition(folder)) !== JSON.stringify(definition)) {
    files.set('tokenizer.json', json(definition));
  }
  const config = completeConfig(settings.config, inferred(kind, definition, tokens, model.modelType));
  // Without a limit that the model supports, transformers does not truncate.
  const limit = config['model_max_length'];
  if (typeof limit !== 'number' || limit > model.maxLength) config['model_max_length'] = model.maxLength;
  if (JSON.stringify(config) !== JSON.stringify(settings.config)) {
    files.set('tokenizer_config.json', json(config));
  }
  const others = { ...vocabularyFiles(kind, definition), 'special_tokens_map.json': () => json(tokens) };
  for (const [name, text] of Object.entries(others)) {
    if (!existsSync(join(folder, name))) files.set(name as TokenizerFileName, text());
  }
  return files;
}

/** The special tokens of the tokenizer, by name, with their matching rules if these are not the default. */
function namedTokens(
  kind: TokenizerKind,
  settings: TokenizerSettings,
  definition: TokenizerDefinition,
): Record<string, string | JsonObject> {
  const named = kind === 'byte-level' ? byteLevelSpecialTokens(settings) : wordPieceSpecialTokens(settings);
  const byContent = new Map(
    (definition.added_tokens as unknown as SpecialToken[]).map((token) => [token.content, token]),
  );
  const tokens: Record<string, string | JsonObject> = {};
  for (const [name, { content }] of Object.entries(named)) {
    const token = byContent.get(content);
    if (!token) continue;
    const { lstrip, rstrip } = token;
    tokens[name] =
      lstrip || rstrip ? { content, single_word: false, lstrip, rstrip, normalized: false } : content;
  }
  return tokens;
}

/** Adds missing entries in their order, after the existing ones. */
function completeConfig(config: JsonObject, wanted: JsonObject): JsonObject {
  const missing = Object.entries(wanted).filter(([name]) => !(name in config));
  return { ...config, ...Object.fromEntries(missing) };
}

/** The values for `tokenizer_config.json`. */
function inferred(
  kind: TokenizerKind,
  { normalizer, pre_tokenizer: split }: TokenizerDefinition,
  tokens: Record<string, string | JsonObject>,
  modelType: ModelType,
): JsonObject {
  const config: JsonObject = { ...contents(tokens) };
  if (kind === 'byte-level') config['add_prefix_space'] = split?.['add_prefix_space'] ?? false;
  if (normalizer?.['type'] === 'BertNormalizer') {
    config['do_lower_case'] = normalizer['lowercase'];
    config['strip_accents'] = normalizer['strip_accents'];
    config['tokenize_chinese_chars'] = normalizer['handle_chinese_chars'];
  }
  if (kind !== architectures[modelType].usualTokenizer) config['tokenizer_class'] = classNames[kind];
  return config;
}

const classNames: Record<TokenizerKind, string> = {
  'word-piece': 'BertTokenizer',
  'byte-level': 'RobertaTokenizer',
};

function contents(tokens: Record<string, string | JsonObject>): JsonObject {
  return Object.fromEntries(
    Object.entries(tokens).map(([name, token]) => [
      name,
      typeof token === 'string' ? token : token['content'],
    ]),
  );
}

/** The files for older readers, which contain only the pieces. */
function vocabularyFiles(
  kind: TokenizerKind,
  { model }: TokenizerDefinition,
): Partial<Record<TokenizerFileName, () => string>> {
  const { vocab, merges } = model as { vocab: Record<string, number>; merges: (string | string[])[] };
  if (kind === 'word-piece') return { 'vocab.txt': () => lines(inOrder(vocab)) };
  return {
    'vocab.json': () => `${JSON.stringify(vocab)}\n`,
    'merges.txt': () =>
      lines([
        '#version: 0.2',
        ...merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' '))),
      ]),
  };
}

function inOrder(vocabulary: Record<string, number>): string[] {
  return Object.entries(vocabulary)
    .sort(([, a], [, b]) => a - b)
    .map(([piece]) => piece);
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
