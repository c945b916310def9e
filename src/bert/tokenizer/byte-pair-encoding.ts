import type { JsonObject } from '../json-file.js';
import { MinHeap } from './min-heap.js';
import { damaged, readVocabulary } from './vocabulary.js';

/**
 * Byte pair encoding (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909). It repeatedly merges the
 * neighbouring pair that comes first in the list of merges, leftmost first, until no pair is in the list. The
 * steps are those of the reference (`Word::merge_all` of the Rust `tokenizers`). `@huggingface/tokenizers`
 * gives the same pieces, but takes twenty seconds for a word of a megabyte.
 */
export class BytePairEncoding {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #pieces: string[] = [];
  /** By `#pairKey`: the position of the pair in the list of merges. */
  readonly #ranks = new Map<number, number>();
  /** By position in the list of merges: the merged piece. */
  readonly #merged: number[] = [];
  readonly #unknown: number | undefined;
  readonly #fuseUnknown: boolean;
  readonly #ignoreMerges: boolean;

  /**
   * @param model of `tokenizer.json`, of the type BPE
   * @throws InvalidModelError if it is damaged.
   */
  constructor(model: JsonObject) {
    this.#ids = readVocabulary(model['vocab'], 'its vocabulary');
    for (const [piece, id] of this.#ids) this.#pieces[id] = piece;
    this.#readMerges(model['merges']);
    const unknown = model['unk_token'];
    this.#unknown = typeof unknown === 'string' ? this.#ids.get(unknown) : undefined;
    this.#fuseUnknown = model['fuse_unk'] === true;
    this.#ignoreMerges = model['ignore_merges'] === true;
  }

  /** @returns the pieces of a word. Unknown characters are dropped if the vocabulary has no unknown token. */
  encode(word: string): string[] {
    if (this.#ignoreMerges && this.#ids.has(word)) return [word];
    const ids = this.#characterIds(word);
    const next = this.#merge(ids);
    const pieces: string[] = [];
    for (let place = 0; place < ids.length; place = next[place]!) pieces.push(this.#pieces[ids[place]!]!);
    return pieces;
  }

  #characterIds(word: string): number[] {
    const ids: number[] = [];
    for (const character of word) {
      const id = this.#ids.get(character) ?? this.#unknown;
      if (id === undefined) continue;
      if (id === this.#unknown && this.#fuseUnknown && ids.at(-1) === id) continue;
      ids.push(id);
    }
    return ids;
  }

  /**
   * Merges in place: the merged piece takes the place of its left part.
   * @returns for each place the place of the next piece.
   */
  #merge(ids: number[]): Int32Array {
    const end = ids.length;
    const next = Int32Array.from(ids, (_, place) => place + 1);
    const previous = Int32Array.from(ids, (_, place) => place - 1);
    const gone = new Uint8Array(end);
    const candidates = new MinHeap();
    const propose = (place: number): void => {
      const rank = this.#ranks.get(this.#pairKey(ids[place]!, ids[next[place]!]!));
      if (rank !== undefined) candidates.push(rank * placesPerRank + place);
    };
    for (let place = 0; place + 1 < end; place++) propose(place);

    for (let candidate = candidates.pop(); candidate !== undefined; candidate = candidates.pop()) {
      const place = candidate % placesPerRank;
      const merged = this.#merged[(candidate - place) / placesPerRank]!;
      const right = next[place]!;
      if (gone[place] || right === end) continue;
      // Either part may have merged since the pair was queued.
      const rank = this.#ranks.get(this.#pairKey(ids[place]!, ids[right]!));
      if (rank === undefined || this.#merged[rank] !== merged) continue;
      ids[place] = merged;
      gone[right] = 1;
      next[place] = next[right]!;
      if (next[place]! < end) {
        previous[next[place]!] = place;
        propose(place);
      }
      if (previous[place]! >= 0) propose(previous[place]!);
    }
    return next;
  }

  #pairKey(left: number, right: number): number {
    return left * this.#pieces.length + right;
  }

  #readMerges(merges: unknown): void {
    if (!Array.isArray(merges)) throw damaged('its merges are not a list');
    merges.forEach((merge: unknown, rank) => {
      const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
      if (!Array.isArray(pair) || pair.length !== 2) throw damaged(`merge ${rank + 1} is not two pieces`);
      const [left, right] = pair.map(String) as [string, string];
      const ids = [left, right, left + right].map((piece) => {
        const id = this.#ids.get(piece);
        if (id === undefined)
          throw damaged(`merge ${rank + 1} (${left} ${right}) needs the piece ${piece}, which is not there`);
        return id;
      }) as [number, number, number];
      this.#ranks.set(this.#pairKey(ids[0], ids[1]), rank);
      this.#merged.push(ids[2]);
    });
  }
}

/** More than the maximum length of a JavaScript string. With ranks below 2^24 the product is exact. */
const placesPerRank = 2 ** 29;
