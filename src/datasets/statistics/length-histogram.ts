import type { LengthStatistics } from '../dataset.js';

/** Exact statistics of many small whole numbers, in memory that grows with their range only. */
export class LengthHistogram {
  private readonly counts = new Map<number, number>();
  private total = 0;
  private sum = 0;

  add(length: number): void {
    this.counts.set(length, (this.counts.get(length) ?? 0) + 1);
    this.total++;
    this.sum += length;
  }

  /** The median of an even number of lengths is the lower of the two in the middle: a length that occurs. */
  statistics(): LengthStatistics {
    const lengths = [...this.counts.keys()].sort((a, b) => a - b);
    return {
      min: lengths[0] ?? 0,
      mean: this.total === 0 ? 0 : Math.round((this.sum / this.total) * 100) / 100,
      median: this.quantile(lengths, 0.5),
      p95: this.quantile(lengths, 0.95),
      max: lengths.at(-1) ?? 0,
    };
  }

  private quantile(lengths: number[], share: number): number {
    let seen = 0;
    for (const length of lengths) {
      seen += this.counts.get(length)!;
      if (seen >= share * this.total) return length;
    }
    return 0;
  }
}
