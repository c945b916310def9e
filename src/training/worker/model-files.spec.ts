import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { copyFiles } from './model-files.js';

const folder = mkdtempSync(join(tmpdir(), 'wellformed-model-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('makes copies that can be written, whatever the permissions of the base model', async () => {
  const [base, target] = [join(folder, 'base'), join(folder, 'target')];
  for (const path of [base, target]) mkdirSync(path);
  writeFileSync(join(base, 'vocab.txt'), '[PAD]\n');
  chmodSync(join(base, 'vocab.txt'), 0o444);
  await copyFiles(base, target, ['vocab.txt']);
  expect(readFileSync(join(target, 'vocab.txt'), 'utf8')).toBe('[PAD]\n');
  expect(statSync(join(target, 'vocab.txt')).mode & 0o200).toBe(0o200);
});
