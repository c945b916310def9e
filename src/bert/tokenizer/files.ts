import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidModelError } from '../errors.js';

/** The tokenizer files of a Hugging Face folder. */
export const tokenizerFileNames = [
  'tokenizer.json',
  'vocab.txt',
  'vocab.json',
  'merges.txt',
  'tokenizer_config.json',
  'special_tokens_map.json',
] as const;

export type TokenizerFileName = (typeof tokenizerFileNames)[number];

/**
 * Sources of a tokenizer; the first that exists is used: a whole definition, WordPiece pieces, or byte-level
 * BPE pieces and merges.
 */
const definitions = [['tokenizer.json'], ['vocab.txt'], ['vocab.json', 'merges.txt']] as const;

/**
 * @returns the names of the existing files
 * @throws InvalidModelError if they do not make a tokenizer.
 */
export function findTokenizerFiles(folder: string): TokenizerFileName[] {
  const found = tokenizerFileNames.filter((name) => existsSync(join(folder, name)));
  if (!definitions.some((needed) => needed.every((name) => found.includes(name)))) {
    throw new InvalidModelError(
      `${folder} has neither tokenizer.json nor vocab.txt nor vocab.json with merges.txt. Add them from the original model.`,
    );
  }
  return found;
}
