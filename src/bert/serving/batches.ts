/**
 * Groups sentences so that each group, padded to its longest, has at most `tokensPerBatch` tokens; a longer sentence is a group
 * by itself. Sentences of like length come together, so that little is padding.
 * @param lengths tokens of each sentence.
 * @returns positions in `lengths`, each once, the shortest sentences first.
 */
export function planBatches(lengths: readonly number[], tokensPerBatch: number): number[][] {
  const shortestFirst = lengths.map((_, position) => position).sort((a, b) => lengths[a]! - lengths[b]!);
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const position of shortestFirst) {
    if (batch.length > 0 && (batch.length + 1) * lengths[position]! > tokensPerBatch) {
      batches.push(batch);
      batch = [];
    }
    batch.push(position);
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
