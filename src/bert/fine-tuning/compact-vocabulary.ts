import type { NamedTensor } from '../weights/named-tensor.js';

/**
 * The word pieces that occur in a run, renumbered from 0. Training only this part of the word embeddings is
 * exact: a row that no sentence uses has no gradient and no moments, so AdamW only decays it ({@link expand}
 * does that). CoLA uses about 6,000 of BERT's 30,522 pieces.
 */
export class CompactVocabulary {
  /** Full ids in ascending order. The compact id of a piece is its index here. */
  private readonly pieces: Int32Array;
  private readonly compactIds = new Map<number, number>();

  /** @param sentences token ids of everything in the run. Padding is added if no sentence has it. */
  constructor(
    sentences: Iterable<ArrayLike<number>>,
    readonly padTokenId: number,
  ) {
    const seen = new Set<number>([padTokenId]);
    for (const tokenIds of sentences) for (let i = 0; i < tokenIds.length; i++) seen.add(tokenIds[i]!);
    this.pieces = Int32Array.from(seen).sort();
    this.pieces.forEach((piece, index) => this.compactIds.set(piece, index));
  }

  get size(): number {
    return this.pieces.length;
  }

  compactId(piece: number): number {
    return this.compactIds.get(piece)!;
  }

  /** The used rows of a full embedding table [vocabulary, hidden]: [size, hidden]. */
  compact({ name, shape, data }: NamedTensor): NamedTensor {
    const hidden = shape[1]!;
    const rows = new Float32Array(this.size * hidden);
    this.pieces.forEach((piece, index) =>
      rows.set(data.subarray(piece * hidden, (piece + 1) * hidden), index * hidden),
    );
    return { name, shape: [this.size, hidden], data: rows };
  }

  /**
   * Restores the full table: trained rows in their places, and the other rows as they were, times the weight
   * decay.
   * @param decay product of (1 - η·λ) over the steps so far
   */
  expand(original: NamedTensor, trained: NamedTensor, decay: number): NamedTensor {
    const hidden = original.shape[1]!;
    const data = original.data.map((value) => value * decay);
    this.pieces.forEach((piece, index) =>
      data.set(trained.data.subarray(index * hidden, (index + 1) * hidden), piece * hidden),
    );
    return { name: original.name, shape: original.shape, data };
  }
}
