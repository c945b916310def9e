import { codePoints } from './normal-forms.js';

/**
 * Splits a text into the words of byte-level BPE, as the reference does (the Rust `tokenizers` under
 * transformers). A word includes the space before it. `@huggingface/tokenizers` differs in two ways:
 * JavaScript's white space includes U+FEFF and excludes U+0085, and Node's Unicode classes are newer than the
 * reference's. These differences were found by comparing all code points.
 */
export function splitForByteLevel(text: string, addPrefixSpace: boolean): string[] {
  const spaced = addPrefixSpace && !text.startsWith(' ') ? ` ${text}` : text;
  return spaced.match(words) ?? [];
}

/** Writes the UTF-8 bytes of a word as the characters that represent them in a vocabulary. */
export function toByteCharacters(word: string): string {
  let characters = '';
  for (const byte of Buffer.from(word)) characters += byteCharacters[byte];
  return characters;
}

/**
 * A byte that is a visible Latin-1 character represents itself. The others are, in order, U+0100 and on
 * (GPT-2's `bytes_to_unicode`).
 */
const byteCharacters = (() => {
  let next = 0x100;
  return Array.from({ length: 0x100 }, (_, byte) =>
    String.fromCharCode(/[!-~¡-¬®-ÿ]/.test(String.fromCharCode(byte)) ? byte : next++),
  );
})();

const lettersTooNew = codePoints(
  '88f c5c cdc a7ce-a7cf a7d2 a7d4 a7f1 10940-10959 10ec5-10ec7 11db0-11ddb 16ea0-16eb8 16ebb-16ed3 16ff2-16ff3 ' +
    '187f8-187ff 18d09-18d1e 18d80-18df2 1e6c0-1e6de 1e6e0-1e6e2 1e6e4-1e6e5 1e6e7-1e6ed 1e6f0-1e6f4 1e6fe-1e6ff ' +
    '2b73a-2b73f 2cea2-2cead 323b0-33479',
);
const numbersTooNew = codePoints('11de0-11de9 16ff4-16ff6');

const letter = `[\\p{L}--${lettersTooNew}]`;
const number = `[\\p{N}--${numbersTooNew}]`;
const space = '\\p{White_Space}';
const words = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?${letter}+| ?${number}+| ?[^${space}${letter}${number}]+|${space}+(?![^${space}])|${space}+`,
  'gv',
);
