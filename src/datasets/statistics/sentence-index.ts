/** What a row is beside the rows before it. */
export type Occurrence = 'new' | 'duplicate' | 'conflict' | 'near-duplicate' | 'unknown';

/** Most distinct sentences that are remembered: beyond it the index stays as it is, 109 MB large. */
const MAX_SENTENCES = 6_000_000;

/** Many small tables: the doubling of a single large one would hold up the event loop for a quarter of a second. */
const TABLES = 64;

/**
 * Knows which sentences occurred and with which labels, by 64-bit hashes: 17 to 35 bytes a sentence, whatever its length.
 * Sentences that differ in little only are one to it (see `folded`); of these it knows the exact form of the first. Two different
 * sentences of 6 million share a hash with a chance of about 1 in a million, and the price is a wrong warning.
 */
export class SentenceIndex {
  size = 0;
  private readonly tables = Array.from({ length: TABLES }, () => new HashTable());

  constructor(private readonly capacity = MAX_SENTENCES) {}

  /**
   * @param high half of the hash of the folded sentence, unsigned
   * @param low the other half
   * @param exact 32 bits of a hash of the sentence as it is
   * @returns `conflict` the first time a sentence turns up with its other label; `near-duplicate` for one that an earlier one
   * differs from in little only; `unknown` for a sentence that is not remembered because the index is full
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

  /** The labels with which a sentence occurred, exact or folded; none where it did not. */
  labelsOf(high: number, low: number): (0 | 1)[] {
    const seen = this.tables[high % TABLES]!.labels(high, low);
    return ([0, 1] as const).filter((label) => (seen & (1 << label)) !== 0);
  }
}

/** Open addressing with linear probing, 13 bytes a slot, at most three quarters full. */
class HashTable {
  private slots = 64;
  private used = 0;
  private highs = new Uint32Array(this.slots);
  private lows = new Uint32Array(this.slots);
  private exacts = new Uint32Array(this.slots);
  /** Bit 0: seen with label 0; bit 1: with label 1; none: the slot is free. */
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
