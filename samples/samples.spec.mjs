import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { framesOf, sampleData, sampleRows } from './generate.mjs';

const stored = (name) => readFileSync(new URL(`sample-${name}.tsv`, import.meta.url), 'utf8');
const rowsOf = (text) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));

describe('the sample data', () => {
  it('is what the generator writes', () => {
    expect({ training: stored('training'), validation: stored('validation') }).toEqual(sampleData());
  });

  it.each(['training', 'validation'])(
    'has as many acceptable as unacceptable sentences of each phenomenon, for %s',
    (name) => {
      const rows = rowsOf(stored(name));
      for (const phenomenon of Object.keys(framesOf)) {
        const labels = rows.filter((row) => row[0] === phenomenon).map((row) => row[1]);
        expect(labels.length).toBeGreaterThanOrEqual(name === 'training' ? 50 : 12);
        expect(labels.filter((label) => label === '1').length).toBe(labels.length / 2);
      }
    },
  );

  it('has no sentence frame in both files', () => {
    const { training, validation } = sampleRows();
    const frames = new Set(training.map(({ frame }) => frame));
    expect(frames.size).toBe(training.length / 2);
    expect(validation.filter(({ frame }) => frames.has(frame))).toEqual([]);
  });

  it('marks what is unacceptable as linguists do, and nothing else', () => {
    for (const [, label, mark] of rowsOf(stored('training') + stored('validation'))) {
      expect(mark).toBe(label === '0' ? '*' : '');
    }
  });

  it('holds no sentence twice, within a file or in both', () => {
    const sentences = rowsOf(stored('training') + stored('validation')).map((row) => row[3].toLowerCase());
    expect(new Set(sentences).size).toBe(sentences.length);
  });

  it('is written as a sentence each: a capital first, one mark at the end, single spaces', () => {
    for (const [, , , sentence] of rowsOf(stored('training') + stored('validation'))) {
      expect(sentence).toMatch(/^[A-Z](?:[\w',]| (?! ))*[.?]$/);
    }
  });
});
