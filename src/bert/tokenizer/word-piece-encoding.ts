import type { JsonObject } from '../json-file.js';
import { damaged, readVocabulary } from './vocabulary.js';

/**
 * WordPiece (Wu et al. 2016, https://arxiv.org/abs/1609.08144): takes the longest piece at the start of a
 * word, then the longest piece of the rest. If a rest has no piece, the whole word is unknown.
 * `@huggingface/tokenizers` gives the same pieces, but tries every length, which takes up to twenty times as
 * long for long words.
 */
export class WordPieceEncoding {
  readonly #pieces: ReadonlySet<string>;
  readonly #unknown: string;
  readonly #prefix: string;
  /** In characters; longer words are unknown. */
  readonly #longestWord: number;
  /** In UTF-16 units. */
  readonly #longestPiece: number;

  /**
   * @param model of `tokenizer.json`, of the type WordPiece
   * @throws InvalidModelError if it is damaged.
   */
  constructor(model: JsonObject) {
    this.#pieces = new Set(readVocabulary(model['vocab'], 'its vocabulary').keys());
    const { unk_token: unknown, continuing_subword_prefix: prefix, max_input_chars_per_word: most } = model;
    if (typeof unknown !== 'string' || !this.#pieces.has(unknown)) {
      throw damaged('its vocabulary lacks the token for unknown words');
    }
    this.#unknown = unknown;
    this.#prefix = typeof prefix === 'string' ? prefix : '##';
    this.#longestWord = typeof most === 'number' ? most : 100;
    this.#longestPiece = [...this.#pieces].reduce((longest, { length }) => Math.max(longest, length), 0);
  }

  /** @returns the pieces of a word, at least one. */
  encode(word: string): string[] {
    // A character has at most two units.
    if (word.length > this.#longestWord && [...word].length > this.#longestWord) return [this.#unknown];
    const pieces: string[] = [];
    let start = 0;
    while (start < word.length) {
      const end = this.#endOfPiece(word, start);
      if (end === start) return [this.#unknown];
      pieces.push(this.#piece(word, start, end));
      start = end;
    }
    return pieces;
  }

  /** End of the longest piece at `start`; `start` if there is none. */
  #endOfPiece(word: string, start: number): number {
    let end = Math.min(word.length, start + this.#longestPiece);
    while (end > start && !this.#pieces.has(this.#piece(word, start, end))) end--;
    return end;
  }

  #piece(word: string, start: number, end: number): string {
    const part = word.slice(start, end);
    return start === 0 ? part : this.#prefix + part;
  }
}
