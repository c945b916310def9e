import { join } from 'node:path';
import { InvalidModelError } from '../errors.js';
import { readJsonObject, readTextFile, textFileLimits } from '../json-file.js';
import { addedTokens } from './added-tokens.js';
import type { TokenizerDefinition } from './accepted-definition.js';
import { booleanSetting, specialToken, type SpecialToken, type TokenizerSettings } from './settings.js';
import { readVocabulary } from './vocabulary.js';

/**
 * Builds the `tokenizer.json` that transformers derives from RoBERTa's `vocab.json` and `merges.txt`.
 * @throws InvalidModelError if a file is damaged or the vocabulary lacks a special token.
 */
export function byteLevelDefinition(folder: string, settings: TokenizerSettings): TokenizerDefinition {
  const vocabulary = readVocabulary(
    readJsonObject(join(folder, 'vocab.json'), textFileLimits['vocab.json']),
    'vocab.json',
  );
  const merges = readMerges(join(folder, 'merges.txt'));
  const tokens = byteLevelSpecialTokens(settings);
  const [start, end] = [tokens.cls_token.content, tokens.sep_token.content];
  for (const token of [start, end, tokens.pad_token.content, tokens.unk_token.content]) {
    if (!vocabulary.has(token)) {
      throw new InvalidModelError(`vocab.json lacks ${token}. Use the vocab.json that belongs to the model.`);
    }
  }
  const prefixSpace = booleanSetting(settings, 'add_prefix_space') ?? false;
  const trimOffsets = booleanSetting(settings, 'trim_offsets') ?? true;
  return {
    version: '1.0',
    added_tokens: addedTokens(Object.values(tokens), vocabulary),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: prefixSpace, trim_offsets: true, use_regex: true },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [end, vocabulary.get(end)],
      cls: [start, vocabulary.get(start)],
      trim_offsets: trimOffsets,
      add_prefix_space: prefixSpace,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary),
      merges,
    },
  };
}

/** RoBERTa's special tokens, with their names from `tokenizer_config.json`. */
export function byteLevelSpecialTokens(settings: TokenizerSettings) {
  const token = (name: string, content: string, lstrip = false): SpecialToken =>
    specialToken(settings, name, { content, lstrip, rstrip: false });
  return {
    bos_token: token('bos_token', '<s>'),
    eos_token: token('eos_token', '</s>'),
    cls_token: token('cls_token', '<s>'),
    sep_token: token('sep_token', '</s>'),
    pad_token: token('pad_token', '<pad>'),
    unk_token: token('unk_token', '<unk>'),
    // The mask stands for a word with the space before it.
    mask_token: token('mask_token', '<mask>', true),
  };
}

/** Each line has two pieces that merge; earlier lines merge first. The first line may hold the version. */
function readMerges(path: string): string[] {
  const lines = readTextFile(path, textFileLimits['merges.txt'])?.split(/\r?\n/) ?? [];
  while (lines.at(-1) === '') lines.pop();
  lines.forEach((line, index) => {
    if (line.startsWith('#version') || /^[^ ]+ [^ ]+$/.test(line)) return;
    throw new InvalidModelError(
      `${path}, line ${index + 1}, must hold two pieces with a space between them. Copy the file from the original model again.`,
    );
  });
  return lines.filter((line) => !line.startsWith('#version'));
}
