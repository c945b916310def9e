import { existsSync, readFileSync } from 'node:fs';
import { readColaRows } from '../harness/cola.mjs';

/**
 * Distribution of lengths: how many of CoLA's 8,551 training sentences have each number of tokens of BERT's
 * uncased vocabulary, including [CLS] and [SEP].
 */
const COLA_LENGTHS = {
  ...{ 4: 7, 5: 129, 6: 310, 7: 649, 8: 979, 9: 1154, 10: 1129, 11: 916, 12: 797, 13: 574, 14: 453, 15: 334 },
  ...{ 16: 236, 17: 182, 18: 145, 19: 124, 20: 96, 21: 66, 22: 67, 23: 66, 24: 41, 25: 26, 26: 21, 27: 17 },
  ...{ 28: 6, 29: 8, 30: 6, 31: 1, 32: 8, 33: 1, 35: 1, 37: 1, 40: 1, 47: 1 },
};

/**
 * Makes sentences from the words of a vocabulary, with the lengths of CoLA's.
 * @param {string} vocabularyFile `vocab.txt` of a model
 * @param {number} count
 * @param {() => number} random uniform in [0, 1)
 */
export function inventedSentences(vocabularyFile, count, random) {
  // Whole words that the tokenizer does not split.
  const words = readFileSync(vocabularyFile, 'utf8')
    .split('\n')
    .filter((piece) => /^[a-z]{2,}\d*$/.test(piece));
  const lengths = Object.entries(COLA_LENGTHS).flatMap(([length, times]) =>
    Array(times).fill(Number(length)),
  );
  const oneOf = (list) => list[Math.floor(random() * list.length)];
  return Array.from({ length: count }, () =>
    Array.from({ length: oneOf(lengths) - 2 }, () => oneOf(words)).join(' '),
  );
}

/**
 * Provides endless sentences without repetition: first the given ones in random order, then the same words in
 * other orders. The number of tokens stays the same.
 */
export class DistinctSentences {
  #texts;
  #random;
  #given = new Set();
  #next = 0;

  /**
   * @param {string[]} texts
   * @param {() => number} random uniform in [0, 1)
   */
  constructor(texts, random) {
    this.#texts = shuffled([...new Set(texts)], random);
    this.#random = random;
  }

  /** @returns {string[]} */
  take(count) {
    return Array.from({ length: count }, () => this.#one());
  }

  #one() {
    for (let tries = 0; tries < 10 * this.#texts.length; tries++) {
      const pass = Math.floor(this.#next / this.#texts.length);
      const text = this.#texts[this.#next++ % this.#texts.length];
      const sentence = pass === 0 ? text : shuffled(text.split(' '), this.#random).join(' ');
      if (this.#given.has(sentence)) continue;
      this.#given.add(sentence);
      return sentence;
    }
    throw new Error(
      `There are no more sentences after ${this.#given.size}. Give a folder of CoLA that has more.`,
    );
  }
}

/** Shuffles a list in place. */
function shuffled(list, random) {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [list[last], list[other]] = [list[other], list[last]];
  }
  return list;
}

/**
 * Makes training rows in CoLA's format, with both labels in turn.
 * @param {string[]} sentences
 */
export function trainingFile(sentences) {
  return sentences.map((sentence, row) => `bench\t${row % 2}\t\t${sentence}\n`).join('');
}

/**
 * Returns CoLA's sentences if they are available, else invented ones.
 * @param {{file: string, vocabularyFile: string, count: number, random: () => number}} options
 * @returns {{texts: string[], source: 'CoLA' | 'invented'}}
 */
export function benchmarkTexts({ file, vocabularyFile, count, random }) {
  if (existsSync(file)) return { texts: readColaRows(file).map(({ sentence }) => sentence), source: 'CoLA' };
  return { texts: inventedSentences(vocabularyFile, count, random), source: 'invented' };
}
