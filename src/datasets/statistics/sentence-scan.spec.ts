import { describe, expect, it } from 'vitest';
import { scanSentence } from './sentence-scan.js';

describe('scanSentence', () => {
  it.each([
    ['We go.', 2, 6],
    ['  We   go. ', 2, 11],
    ['Naïve 😀 readers', 3, 15],
    ['one\u00a0two', 2, 7],
  ])('counts words and characters of %j', (sentence, words, characters) => {
    expect(scanSentence(sentence)).toMatchObject({ words, characters });
  });

  it('gives 100,000 similar sentences as many hashes', () => {
    const hashes = new Set<string>();
    for (let i = 0; i < 100_000; i++) {
      const { high, low } = scanSentence(`The cat number ${i} sat.`);
      hashes.add(`${high} ${low}`);
    }
    expect(hashes.size).toBe(100_000);
  });

  it('uses all bits of both halves', () => {
    let ones = new Array<number>(64).fill(0);
    for (let i = 0; i < 4000; i++) {
      const { high, low } = scanSentence(`s${i}`);
      ones = ones.map((count, bit) => count + ((bit < 32 ? low >>> bit : high >>> (bit - 32)) & 1));
    }
    // Five standard deviations around a half.
    for (const count of ones) expect(Math.abs(count - 2000)).toBeLessThan(160);
  });
});
