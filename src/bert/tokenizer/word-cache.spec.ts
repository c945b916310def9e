import { expect, it } from 'vitest';
import { WordCache } from './word-cache.js';

it('computes a word once, and a long one each time', () => {
  const asked: string[] = [];
  const cache = new WordCache((word) => asked.push(word));
  const long = 'x'.repeat(65);
  for (const word of ['a', 'a', long, long, 'a']) cache.get(word);
  expect(asked).toEqual(['a', long, long]);
});

it('does not grow without end', () => {
  let computed = 0;
  const cache = new WordCache(() => ++computed);
  for (let round = 0; round < 2; round++) for (let i = 0; i < 20_001; i++) cache.get(`word ${i}`);
  expect(computed).toBeGreaterThan(20_001);
  expect(cache.get('word 20000')).toBe(computed);
});
