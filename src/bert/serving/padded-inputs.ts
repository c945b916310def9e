/** What the graph reads: int64 [sentences, longest] each, row after row. */
export interface PaddedInputs {
  inputIds: BigInt64Array;
  /** 1 on tokens, 0 on padding. */
  attentionMask: BigInt64Array;
  shape: [sentences: number, longest: number];
}

/**
 * Pads sentences to the longest of them.
 * @param tokenIds of all sentences, one sentence after another.
 * @param lengths how many tokens each sentence has.
 */
export function padInputs(tokenIds: Int32Array, lengths: Int32Array): PaddedInputs {
  const sentences = lengths.length;
  let longest = 0;
  for (const length of lengths) if (length > longest) longest = length;
  const inputIds = new BigInt64Array(sentences * longest);
  const attentionMask = new BigInt64Array(sentences * longest);
  // Written as low and high words (little-endian, as every platform of ONNX Runtime is), since a BigInt is made on the heap.
  const idWords = new Int32Array(inputIds.buffer);
  const maskWords = new Int32Array(attentionMask.buffer);
  let next = 0;
  for (let row = 0; row < sentences; row++) {
    const start = row * longest;
    for (let column = start; column < start + lengths[row]!; column++) {
      idWords[2 * column] = tokenIds[next++]!;
      maskWords[2 * column] = 1;
    }
  }
  return { inputIds, attentionMask, shape: [sentences, longest] };
}
