import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Tokenizer } from '../../bert/tokenizer.js';
import { writeTokenizer } from './model-files.js';

const goldens = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));

describe('writeTokenizer', () => {
  let folder: string;
  let base: string;
  let target: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wellformed-model-files-'));
    [base, target] = [join(folder, 'base'), join(folder, 'target')];
    for (const path of [base, target]) mkdirSync(path);
    cpSync(join(goldens, 'tiny-bert', 'vocab.txt'), join(base, 'vocab.txt'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('makes copies that can be written, whatever the permissions of the base model', async () => {
    chmodSync(join(base, 'vocab.txt'), 0o444);
    await writeTokenizer(base, target, ['vocab.txt']);
    expect(readFileSync(join(target, 'vocab.txt'))).toEqual(readFileSync(join(base, 'vocab.txt')));
    expect(statSync(join(target, 'vocab.txt')).mode & 0o200).toBe(0o200);
  });

  it('adds a tokenizer.json to a vocab.txt that gives the same tokens', async () => {
    await writeTokenizer(base, target, ['vocab.txt']);
    rmSync(join(target, 'vocab.txt'));
    const tokenizer = Tokenizer.fromFolder(target);
    const { sentences } = JSON.parse(readFileSync(join(goldens, 'goldens.json'), 'utf8')) as {
      sentences: { sentence: string; tokenIds: number[] }[];
    };
    for (const { sentence, tokenIds } of sentences) {
      expect(tokenizer.encode(sentence, 64).tokenIds).toEqual(tokenIds);
    }
  });

  it('takes the tokenizer.json that is there', async () => {
    cpSync(join(goldens, 'tiny-bert', 'tokenizer.json'), join(base, 'tokenizer.json'));
    await writeTokenizer(base, target, ['vocab.txt', 'tokenizer.json']);
    expect(readFileSync(join(target, 'tokenizer.json'))).toEqual(readFileSync(join(base, 'tokenizer.json')));
  });
});
