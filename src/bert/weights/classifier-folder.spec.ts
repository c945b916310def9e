import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseEncoderConfig } from '../config.js';
import { Tokenizer } from '../tokenizer/tokenizer.js';
import { writeTokenizer } from './classifier-folder.js';

const goldens = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));

describe('writeTokenizer', () => {
  let folder: string;
  let base: string;
  let target: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wellformed-model-files-'));
    [base, target] = [join(folder, 'base'), join(folder, 'target')];
    for (const path of [base, target]) mkdirSync(path);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Writes the tokenizer of a base model that has only these files of `tiny-…`. */
  async function write(name: string, ...files: string[]): Promise<void> {
    const source = join(goldens, `tiny-${name}`);
    for (const file of files) {
      cpSync(join(source, file), join(base, file));
      chmodSync(join(base, file), 0o444);
    }
    const config = parseEncoderConfig(JSON.parse(readFileSync(join(source, 'config.json'), 'utf8')));
    await writeTokenizer(base, target, { config, tokenizerFiles: files });
  }

  it('makes copies that can be written, whatever the permissions of the base model', async () => {
    await write('bert', 'vocab.txt');
    expect(readFileSync(join(target, 'vocab.txt'))).toEqual(readFileSync(join(base, 'vocab.txt')));
    expect(statSync(join(target, 'vocab.txt')).mode & 0o200).toBe(0o200);
  });

  it.each([
    ['bert', ['vocab.txt']],
    ['electra', ['vocab.txt']],
    ['distilbert', ['vocab.txt']],
    ['roberta', ['vocab.json', 'merges.txt']],
  ])('adds a tokenizer.json to the vocabulary of %s that gives the same tokens', async (name, files) => {
    await write(name, ...files);
    expect(readdirSync(target).sort()).toEqual(
      [...files, 'special_tokens_map.json', 'tokenizer.json', 'tokenizer_config.json'].sort(),
    );
    for (const file of files) rmSync(join(target, file));
    const tokenizer = Tokenizer.fromFolder(target);
    const { sentences } = JSON.parse(readFileSync(join(goldens, name, 'goldens.json'), 'utf8')) as {
      sentences: { sentence: string; tokenIds: number[] }[];
    };
    for (const { sentence, tokenIds } of sentences) {
      expect(tokenizer.encode(sentence, 64).tokenIds).toEqual(tokenIds);
    }
  });

  it('tells transformers how many tokens the model reads', async () => {
    await write('roberta', 'vocab.json', 'merges.txt');
    expect(JSON.parse(readFileSync(join(target, 'tokenizer_config.json'), 'utf8'))).toMatchObject({
      model_max_length: 64,
    });
  });

  it('takes the tokenizer.json that is there', async () => {
    await write('bert', 'vocab.txt', 'tokenizer.json');
    expect(readFileSync(join(target, 'tokenizer.json'))).toEqual(readFileSync(join(base, 'tokenizer.json')));
  });
});
