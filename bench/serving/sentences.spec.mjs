import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { benchmarkTexts, DistinctSentences, inventedSentences, trainingFile } from './sentences.mjs';

const folder = mkdtempSync(join(tmpdir(), 'wellformed-sentences-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Pseudo-random numbers that are the same each time. */
function random() {
  let state = 1;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

const words = (sentence) => sentence.split(' ').sort().join(' ');

it('never gives a sentence twice, and none of another length', () => {
  const texts = ['The cat sat on the mat.', 'Birds sing well.', 'He left.', 'The cat sat on the mat.'];
  const sentences = new DistinctSentences(texts, random());
  const taken = [...sentences.take(3), ...sentences.take(40)];
  expect(new Set(taken).size).toBe(43);
  expect(new Set(taken.slice(0, 3))).toEqual(new Set(texts));
  for (const sentence of taken) expect(texts.map(words)).toContain(words(sentence));
});

it('says so when there are no more', () => {
  const sentences = new DistinctSentences(['He left.', 'Go!'], random());
  expect(new Set(sentences.take(3))).toEqual(new Set(['He left.', 'left. He', 'Go!']));
  expect(() => sentences.take(1)).toThrow('There are no more sentences after 3.');
});

it("reads CoLA's sentences, or invents some as long from whole words of the vocabulary", () => {
  const file = join(folder, 'cola.tsv');
  writeFileSync(file, 'gj04\t1\t\tThe sailors rode the breeze.\nks08\t0\t*\tThe of on.\n');
  const vocabularyFile = join(folder, 'vocab.txt');
  writeFileSync(vocabularyFile, ['[PAD]', '[CLS]', '!', 'a', '##ing', 'cat', 'piece7', 'dog'].join('\n'));
  expect(benchmarkTexts({ file, vocabularyFile })).toEqual({
    texts: ['The sailors rode the breeze.', 'The of on.'],
    source: 'CoLA',
  });
  const missing = join(folder, 'none.tsv');
  const invented = benchmarkTexts({ file: missing, vocabularyFile, count: 2000, random: random() });
  expect(invented.source).toBe('invented');
  expect(invented.texts).toEqual(inventedSentences(vocabularyFile, 2000, random()));
  const lengths = invented.texts.map((text) => text.split(' ').length);
  expect(new Set(invented.texts.flatMap((text) => text.split(' ')))).toEqual(
    new Set(['cat', 'piece7', 'dog']),
  );
  // CoLA's mean is 11.3 tokens, including [CLS] and [SEP].
  expect(lengths.reduce((sum, length) => sum + length, 0) / 2000).toBeCloseTo(9.2, 0);
});

it('makes a file to train on, with both labels', () => {
  expect(trainingFile(['A b.', 'C d.'])).toBe('bench\t0\t\tA b.\nbench\t1\t\tC d.\n');
});
