import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { splitForByteLevel, toByteCharacters } from './byte-level-words.js';

const { characters } = JSON.parse(readFileSync('test/goldens/tokenizer-byte-level.json', 'utf8')) as {
  /** First code point of each run and its class: L letter, N number, S space, O other. */
  characters: string;
};

it('takes every code point for what the reference takes it', () => {
  const runs = characters.split(' ').map((run) => ({ first: parseInt(run, 16), name: run.at(-1) }));
  const differing: string[] = [];
  let run = 0;
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
    if (runs[run + 1]?.first === codePoint) run++;
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
    const name = classOf(String.fromCodePoint(codePoint));
    if (name !== runs[run]!.name) differing.push(`${codePoint.toString(16)}${name}`);
  }
  expect(differing).toEqual([]);
  expect(run).toBe(runs.length - 1);
});

/** Only what is of one class stays one word. */
function classOf(character: string): string {
  const probes = { L: 'a', N: '1', O: '!' };
  const found = Object.entries(probes).find(
    ([, probe]) => splitForByteLevel(probe + character, false).length === 1,
  );
  return found?.[0] ?? 'S';
}

it('loses nothing of a text', () => {
  const text = " a  b\t\n c1½ don\u2019t don't \u0085\ufeff x ";
  expect(splitForByteLevel(text, false).join('')).toBe(text);
});

it.each([
  ['a b', ['Ġa', 'Ġb']],
  [' a', ['Ġa']],
  ['\ta', ['Ġ', 'ĉ', 'a']],
  ['', ['Ġ']],
])('puts a space before %j if it is told to', (text, words) => {
  expect(splitForByteLevel(text, true).map(toByteCharacters)).toEqual(words);
});

it('has a character of its own for each byte', () => {
  // The first and last bytes of the ranges in GPT-2's bytes_to_unicode, and their neighbours.
  expect(toByteCharacters('\0 !~\x7f')).toBe('ĀĠ!~ġ');
  expect(toByteCharacters('é中🙂')).toBe('Ã©ä¸ŃðŁĻĤ');
  const continuations = Array.from(
    { length: 64 },
    (_, low) => toByteCharacters(String.fromCharCode(0x80 + low))[1],
  );
  expect(new Set(continuations).size).toBe(64);
});
