import { join } from 'node:path';
import { InvalidModelError } from '../errors.js';
import { readTextFile, textFileLimits } from '../json-file.js';
import { addedTokens } from './added-tokens.js';
import type { TokenizerDefinition } from './accepted-definition.js';
import { booleanSetting, specialToken, type SpecialToken, type TokenizerSettings } from './settings.js';

/**
 * Builds the `tokenizer.json` that transformers derives from a BERT `vocab.txt`.
 * @throws InvalidModelError if the vocabulary lacks a special token.
 */
export function wordPieceDefinition(folder: string, settings: TokenizerSettings): TokenizerDefinition {
  const vocabulary = readVocabulary(join(folder, 'vocab.txt'));
  const tokens = wordPieceSpecialTokens(settings);
  const [unknown, start, end] = [tokens.unk_token, tokens.cls_token, tokens.sep_token].map(
    ({ content }) => content,
  ) as [string, string, string];
  for (const token of [unknown, start, end, tokens.pad_token.content]) {
    if (!vocabulary.has(token)) {
      throw new InvalidModelError(`vocab.txt lacks ${token}. Use the vocab.txt that belongs to the model.`);
    }
  }
  return {
    version: '1.0',
    added_tokens: addedTokens(Object.values(tokens), vocabulary),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: booleanSetting(settings, 'tokenize_chinese_chars') ?? true,
      strip_accents: booleanSetting(settings, 'strip_accents') ?? null,
      lowercase: booleanSetting(settings, 'do_lower_case') ?? true,
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

/** BERT's special tokens, with their names from `tokenizer_config.json`. */
export function wordPieceSpecialTokens(settings: TokenizerSettings) {
  const token = (name: string, content: string): SpecialToken =>
    specialToken(settings, name, { content, lstrip: false, rstrip: false });
  return {
    pad_token: token('pad_token', '[PAD]'),
    unk_token: token('unk_token', '[UNK]'),
    cls_token: token('cls_token', '[CLS]'),
    sep_token: token('sep_token', '[SEP]'),
    mask_token: token('mask_token', '[MASK]'),
  };
}

/**
 * One piece per line. Its id is the line number, from 0. Of duplicates the later one counts, as in
 * transformers.
 */
function readVocabulary(path: string): Map<string, number> {
  const lines = readTextFile(path, textFileLimits['vocab.txt'])!.split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return new Map(lines.map((piece, id) => [piece, id]));
}
