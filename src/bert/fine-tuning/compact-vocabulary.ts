import type { NamedTensor } from '../weights/named-tensor.js';

/**
 * The word pieces that a run meets, renumbered from 0. Training on this part of the word embeddings is exact: a row that no
 * sentence uses has no gradient and no moments, so AdamW does nothing to it but decay it ({@link expand} does). CoLA meets
 * about 6,000 of BERT's 30,522 pieces.
 */
export class CompactVocabulary {
  /** Full ids in ascending order; a piece's compact id is its index here. */
  private readonly pieces: Int32Array;
  private readonly compactIds = new Map<number, number>();

  /** @param sentences token ids of everything the run will look at; padding is added if no sentence has it. */
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

  /** The rows of a full embedding table [vocabulary, hidden] that are met: [size, hidden]. */
  compact({ name, shape, data }: NamedTensor): NamedTensor {
    const hidden = shape[1]!;
    const rows = new Float32Array(this.size * hidden);
    this.pieces.forEach((piece, index) =>
      rows.set(data.subarray(piece * hidden, (piece + 1) * hidden), index * hidden),
    );
    return { name, shape: [this.size, hidden], data: rows };
  }

  /**
   * A full table again: trained rows where they belong, and the others as they were, times what weight decay made of them.
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
