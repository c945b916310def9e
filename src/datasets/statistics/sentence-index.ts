/** How a row relates to the rows before it. */
export type Occurrence = 'new' | 'duplicate' | 'conflict' | 'near-duplicate' | 'unknown';

/** The maximum number of distinct sentences. A full index takes 109 MB and adds no more. */
const MAX_SENTENCES = 6_000_000;

/**
 * The index uses many small tables: doubling a single large one would block the event loop for a quarter of a
 * second.
 */
const TABLES = 64;

/**
 * Remembers by 64-bit hashes which sentences occurred with which labels. A sentence takes 17 to 35 bytes,
 * whatever its length. Sentences with the same folded form (see `folded`) are one entry, which knows the
 * exact form of the first. Among 6 million sentences, the chance that two different ones share a hash is
 * about 1 in a million. The cost would be a wrong warning.
 */
export class SentenceIndex {
  size = 0;
  private readonly tables = Array.from({ length: TABLES }, () => new HashTable());

  constructor(private readonly capacity = MAX_SENTENCES) {}

  /**
   * @param high upper half of the hash of the folded sentence, unsigned
   * @param low lower half
   * @param exact 32 bits of a hash of the exact sentence
   * @returns `conflict` when a sentence first occurs with its other label; `near-duplicate` if an earlier
   * sentence has the same folded form; `unknown` if the index is full and does not know the sentence
   */
  add(high: number, low: number, exact: number, label: 0 | 1): Occurrence {
    const table = this.tables[high % TABLES]!;
    const bit = 1 << label;
    const seen = table.labels(high, low);
    if (seen === 0 && this.size >= this.capacity) return 'unknown';
    if (seen !== 0 && table.exact(high, low) !== exact) return 'near-duplicate';
    if (seen === 0) this.size++;
    if ((seen & bit) === 0) table.set(high, low, exact, seen | bit);
    if (seen === 0) return 'new';
    return seen & bit ? 'duplicate' : 'conflict';
  }

  /** Returns the labels with which a sentence occurred, in its exact or folded form. Empty if it did not occur. */
  labelsOf(high: number, low: number): (0 | 1)[] {
    const seen = this.tables[high % TABLES]!.labels(high, low);
    return ([0, 1] as const).filter((label) => (seen & (1 << label)) !== 0);
  }
}

/**
 * A hash table with open addressing and linear probing. It has 13 bytes per slot and is at most three
 * quarters full.
 */
class HashTable {
  private slots = 64;
  private used = 0;
  private highs = new Uint32Array(this.slots);
  private lows = new Uint32Array(this.slots);
  private exacts = new Uint32Array(this.slots);
  /** Bit 0: seen with label 0. Bit 1: seen with label 1. No bit: the slot is free. */
  private bits = new Uint8Array(this.slots);

  labels(high: number, low: number): number {
    return this.bits[this.slotOf(high, low)]!;
  }

  exact(high: number, low: number): number {
    return this.exacts[this.slotOf(high, low)]!;
  }

  set(high: number, low: number, exact: number, bits: number): void {
    const slot = this.slotOf(high, low);
    if (this.bits[slot] === 0) this.used++;
    this.highs[slot] = high;
    this.lows[slot] = low;
    this.exacts[slot] = exact;
    this.bits[slot] = bits;
    if (this.used > this.slots * 0.75) this.grow();
  }

  private slotOf(high: number, low: number): number {
    const mask = this.slots - 1;
    let slot = low & mask;
    while (this.bits[slot] !== 0 && (this.lows[slot] !== low || this.highs[slot] !== high))
      slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const { highs, lows, exacts, bits } = this;
    this.slots *= 2;
    this.used = 0;
    this.highs = new Uint32Array(this.slots);
    this.lows = new Uint32Array(this.slots);
    this.exacts = new Uint32Array(this.slots);
    this.bits = new Uint8Array(this.slots);
    for (let i = 0; i < bits.length; i++)
      if (bits[i] !== 0) this.set(highs[i]!, lows[i]!, exacts[i]!, bits[i]!);
  }
}
