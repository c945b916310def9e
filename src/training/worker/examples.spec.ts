import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Tokenizer } from '../../bert/tokenizer/tokenizer.js';
import { readExamples } from './examples.js';
import type { JobRows } from './messages.js';

const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

const tokenizer = Tokenizer.fromFolder(
  fileURLToPath(new URL('../../../test/goldens/tiny-bert/', import.meta.url)),
);
const signal = new AbortController().signal;
const options = { maxLength: 32, validationFraction: 0.2, seed: 1 };

function rowsFile(name: string, rows: [label: 0 | 1, sentence: string][]): JobRows {
  const file = path.join(folder, name);
  writeFileSync(file, rows.map(([label, sentence]) => `${label}\t${sentence}\tinvented\t\n`).join(''));
  return { id: name, name, path: file, contentHash: contentHash(rows), rows: rows.length };
}

function contentHash(rows: [number, string][]): string {
  return createHash('sha256')
    .update(rows.map(([label, sentence]) => `${label}\t${sentence}\n`).join(''))
    .digest('hex');
}

const rows = Array.from({ length: 40 }, (_, i): [0 | 1, string] => [
  i % 4 === 0 ? 0 : 1,
  `The cat ${'ran '.repeat(i % 5)}.`,
]);
const training = rowsFile('training', rows);
const validation = rowsFile('validation', [
  [1, 'A dog sat.'],
  [0, 'Sat a a a a a a a a a a a a a dog.'],
]);

describe('readExamples', () => {
  it('tokenises both sets, in order', async () => {
    const examples = await readExamples(training, validation, tokenizer, options, signal);
    expect(examples.training.map(({ label }) => label)).toEqual(rows.map(([label]) => label));
    expect(examples.training.map(({ tokenIds }) => [...(tokenIds as Int32Array)])).toEqual(
      rows.map(([, sentence]) => tokenizer.encode(sentence, 32).tokenIds),
    );
    expect(examples.validation).toHaveLength(2);
    expect(examples.validationContentHash).toBe(validation.contentHash);
    const lengths = [...examples.training, ...examples.validation].map(({ tokenIds }) => tokenIds.length);
    expect(examples.longest).toBe(Math.max(...lengths));
  });

  it('holds out a stratified share, which has the hash of its rows', async () => {
    const examples = await readExamples(training, null, tokenizer, options, signal);
    expect(examples.validation.map(({ label }) => label).sort()).toEqual(
      [0, 0, ...new Array<number>(6).fill(1)].sort(),
    );
    expect(examples.training).toHaveLength(32);
    const key = (tokenIds: ArrayLike<number>) => Array.from(tokenIds).join();
    // The sentence and its label tell which row it was, up to equal rows.
    const byTokens = new Map(
      rows.map(([, sentence]) => [key(tokenizer.encode(sentence, 32).tokenIds), sentence]),
    );
    const heldOut = examples.validation.map(({ label, tokenIds }): [number, string] => [
      label,
      byTokens.get(key(tokenIds))!,
    ]);
    expect(examples.validationContentHash).toBe(contentHash(heldOut));
    expect(examples.validationContentHash).not.toBe(training.contentHash);
  });

  it('counts the different pieces', async () => {
    const { pieces, highestId } = await readExamples(validation, validation, tokenizer, options, signal);
    const ids = new Set(
      ['A dog sat.', 'Sat a a dog.'].flatMap((text) => tokenizer.encode(text, 32).tokenIds),
    );
    expect(pieces).toBe(ids.size);
    expect(highestId).toBe(Math.max(...ids));
  });

  it('cuts what is too long', async () => {
    const examples = await readExamples(
      training,
      validation,
      tokenizer,
      { ...options, maxLength: 8 },
      signal,
    );
    expect(examples.longest).toBe(8);
  });

  it('stops when told to', async () => {
    const stopped = AbortSignal.abort();
    await expect(readExamples(training, null, tokenizer, options, stopped)).rejects.toThrow('aborted');
  });
});
