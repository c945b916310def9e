import type { LengthBin, LengthStatistics } from '../dataset.js';

const MOST_BINS = 20;

/** Exact statistics of many small whole numbers. Memory grows only with their range. */
export class LengthHistogram {
  private readonly counts = new Map<number, number>();
  private total = 0;
  private sum = 0;

  add(length: number): void {
    this.counts.set(length, (this.counts.get(length) ?? 0) + 1);
    this.total++;
    this.sum += length;
  }

  /** The median of an even number of lengths is the lower of the two middle ones, so it is a length that occurs. */
  statistics(): LengthStatistics {
    const lengths = [...this.counts.keys()].sort((a, b) => a - b);
    return {
      min: lengths[0] ?? 0,
      mean: this.total === 0 ? 0 : Math.round((this.sum / this.total) * 100) / 100,
      median: this.quantile(lengths, 0.5),
      p95: this.quantile(lengths, 0.95),
      max: lengths.at(-1) ?? 0,
      bins: this.bins(lengths),
    };
  }

  /** Bins of the same width. The last one is wider and holds the longest hundredth of the rows. */
  private bins(lengths: number[]): LengthBin[] {
    if (lengths.length === 0) return [];
    const [min, max] = [lengths[0]!, lengths.at(-1)!];
    const width = Math.ceil((this.quantile(lengths, 0.99) - min + 1) / MOST_BINS);
    const count = Math.min(MOST_BINS, Math.floor((max - min) / width) + 1);
    const bins = Array.from({ length: count }, (_, i) => {
      const from = min + i * width;
      return { from, to: i === count - 1 ? max : from + width - 1, rows: 0 };
    });
    for (const [length, rows] of this.counts)
      bins[Math.min(count - 1, Math.floor((length - min) / width))]!.rows += rows;
    return bins;
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
