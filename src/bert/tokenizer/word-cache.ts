/** Caches results for recent words, since few words make up most of a text. */
export class WordCache<T> {
  readonly #values = new Map<string, T>();

  constructor(private readonly compute: (word: string) => T) {}

  get(word: string): T {
    const known = this.#values.get(word);
    if (known !== undefined) return known;
    const value = this.compute(word);
    if (word.length <= longestWord) {
      if (this.#values.size === mostWords) this.#values.clear();
      this.#values.set(word, value);
    }
    return value;
  }
}

const mostWords = 20_000;
/** In characters. Longer words rarely repeat and would take much memory. */
const longestWord = 64;
