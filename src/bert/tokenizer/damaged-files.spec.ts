import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fuzzed } from '../../../test/support/fuzz.js';
import { InvalidModelError } from '../errors.js';
import { completeTokenizerFiles } from './complete-files.js';
import { Tokenizer } from './tokenizer.js';

/*
 * Tokenizer files come from untrusted sources. Opening them must work or fail with InvalidModelError,
 * whatever they contain. An opened tokenizer accepts any sentence.
 */

const goldens = 'test/goldens';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A copy of a JSON value with some parts, counted from its root, replaced or removed. */
function damaged(value: unknown, changes: ReadonlyMap<number, unknown>): unknown {
  let count = 0;
  const copy = (part: unknown): unknown => {
    const change = changes.get(count++);
    if (change !== undefined) return change === REMOVED ? undefined : change;
    if (Array.isArray(part)) return part.map(copy).filter((item) => item !== undefined);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([name, item]) => [name, copy(item)]));
  };
  return copy(value) ?? null;
}

const REMOVED = Symbol('removed');

/** Most of a file is its vocabulary, at the end. Changes before it test more. */
const changes = fc
  .array(
    fc.tuple(
      fc.oneof(fc.nat(120), fc.nat(600)),
      fc.oneof(
        fc.constant(REMOVED),
        fc.jsonValue({ maxDepth: 1 }),
        fc.constantFrom('BPE', 'WordPiece', 'ByteLevel'),
      ),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((pairs) => new Map<number, unknown>(pairs));

const sentence = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('The cat sat.', '[MASK] [SEP]', ' <s> <mask> ', '語 é ☃'),
);

/** @returns whether the tokenizer could be used */
function tryFiles(files: Record<string, string>, text: string): boolean {
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  let tokenizer: Tokenizer;
  try {
    tokenizer = Tokenizer.fromFolder(folder);
    completeTokenizerFiles(folder, { modelType: 'bert', maxLength: 64 });
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidModelError);
    return false;
  }
  const { tokenIds } = tokenizer.encode(text, 16);
  expect(tokenIds.length).toBeLessThanOrEqual(16);
  for (const id of tokenIds)
    expect(Number.isInteger(id) && id >= 0 && id < tokenizer.vocabSize, String(id)).toBe(true);
  return true;
}

describe('damaged files of a tokenizer', () => {
  it.each(['tiny-bert', 'tiny-roberta'])('tokenizer.json of %s', (model) => {
    const sound = JSON.parse(readFileSync(join(goldens, model, 'tokenizer.json'), 'utf8')) as unknown;
    let taken = 0;
    fc.assert(
      fc.property(changes, sentence, (damage, text) => {
        if (tryFiles({ 'tokenizer.json': JSON.stringify(damaged(sound, damage)) }, text)) taken++;
      }),
      // A past failure: the vocabulary has no unknown token.
      {
        ...fuzzed(300),
        examples: [
          [
            new Map<number, unknown>([
              [107, []],
              [108, REMOVED],
            ]),
            '語 é ☃',
          ],
        ],
      },
    );
    expect(taken).toBeGreaterThan(0);
  });

  it('tokenizer_config.json and special_tokens_map.json', () => {
    const vocabulary = readFileSync(join(goldens, 'tiny-bert/vocab.txt'), 'utf8');
    const names = fc.constantFrom(
      'do_lower_case',
      'strip_accents',
      'unk_token',
      'cls_token',
      'tokenizer_class',
      'model_max_length',
    );
    const settings = fc.dictionary(names, fc.jsonValue({ maxDepth: 2 }));
    fc.assert(
      fc.property(
        settings,
        fc.dictionary(names, fc.jsonValue({ maxDepth: 2 })),
        sentence,
        (config, map, text) => {
          const files = {
            'tokenizer_config.json': JSON.stringify(config),
            'special_tokens_map.json': JSON.stringify(map),
          };
          tryFiles({ 'vocab.txt': vocabulary, ...files }, text);
        },
      ),
      fuzzed(200),
    );
  });

  it('vocab.txt', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom('a', '##a', '[UNK]', '', '[CLS]'),
    );
    const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
    fc.assert(
      fc.property(
        fc.shuffledSubarray(special, { minLength: 3 }),
        fc.array(piece),
        sentence,
        (tokens, pieces, text) => {
          tryFiles({ 'vocab.txt': [...tokens, ...pieces].map((line) => `${line}\n`).join('') }, text);
        },
      ),
      fuzzed(300),
    );
  });

  it('vocab.json and merges.txt', () => {
    const vocabulary = JSON.parse(readFileSync(join(goldens, 'tiny-roberta/vocab.json'), 'utf8')) as Record<
      string,
      number
    >;
    const merges = readFileSync(join(goldens, 'tiny-roberta/merges.txt'), 'utf8').split('\n');
    const id = fc.oneof(fc.integer({ min: -1, max: 200 }), fc.jsonValue({ maxDepth: 1 }));
    const pieces = fc.dictionary(
      fc.oneof(fc.constantFrom(...Object.keys(vocabulary)), fc.string({ maxLength: 3 })),
      id,
      { maxKeys: 2 },
    );
    const line = fc.tuple(fc.nat(merges.length - 1), fc.string({ maxLength: 6 }));
    fc.assert(
      fc.property(pieces, fc.array(line, { maxLength: 2 }), sentence, (added, replaced, text) => {
        const lines = [...merges];
        for (const [at, other] of replaced) lines[at] = other;
        tryFiles(
          { 'vocab.json': JSON.stringify({ ...vocabulary, ...added }), 'merges.txt': lines.join('\n') },
          text,
        );
      }),
      fuzzed(300),
    );
  });
});
