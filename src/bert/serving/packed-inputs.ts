/** The inputs of the graph (see `classifierGraph`): int64 [rows, columns] each, row after row. */
export interface PackedInputs {
  inputIds: BigInt64Array;
  /** For tokens, the number of their sentence in its row, from 1; for padding, 0. */
  attentionMask: BigInt64Array;
  shape: [rows: number, columns: number];
  /** For each row of logits, the index of its sentence in the given order. */
  order: number[];
}

/**
 * Packs sentences into rows as long as the longest sentence. Attention is computed for whole rows, so several
 * short sentences share a row to reduce padding. The longest come first, and each goes into the first row
 * that has room ("first fit decreasing").
 * @param tokenIds of all sentences, one sentence after another.
 * @param lengths number of tokens of each sentence.
 * @param share whether sentences may share a row; otherwise each has its own, in the given order.
 */
export function packInputs(tokenIds: Int32Array, lengths: Int32Array, share = true): PackedInputs {
  const starts = startsOf(lengths);
  const columns = Math.max(0, ...lengths);
  const rows = share ? packed(lengths, columns) : Array.from(lengths, (_, sentence) => [sentence]);
  const inputIds = new BigInt64Array(rows.length * columns);
  const attentionMask = new BigInt64Array(rows.length * columns);
  // Written as low and high words (ONNX Runtime only supports little-endian platforms), since each BigInt
  // would be allocated on the heap.
  const idWords = new Int32Array(inputIds.buffer);
  const maskWords = new Int32Array(attentionMask.buffer);
  rows.forEach((row, r) => {
    let place = r * columns;
    row.forEach((sentence, i) => {
      const end = starts[sentence]! + lengths[sentence]!;
      for (let token = starts[sentence]!; token < end; token++, place++) {
        idWords[2 * place] = tokenIds[token]!;
        maskWords[2 * place] = i + 1;
      }
    });
  });
  return { inputIds, attentionMask, shape: [rows.length, columns], order: rows.flat() };
}

/** The sentences of each row. */
function packed(lengths: Int32Array, columns: number): number[][] {
  const longestFirst = Array.from(lengths, (_, sentence) => sentence).sort(
    (a, b) => lengths[b]! - lengths[a]!,
  );
  const rows: { sentences: number[]; room: number }[] = [];
  for (const sentence of longestFirst) {
    const length = lengths[sentence]!;
    let row = rows.find(({ room }) => room >= length);
    if (!row) rows.push((row = { sentences: [], room: columns }));
    row.sentences.push(sentence);
    row.room -= length;
  }
  return rows.map(({ sentences }) => sentences);
}

function startsOf(lengths: Int32Array): Int32Array {
  const starts = new Int32Array(lengths.length);
  for (let i = 1; i < lengths.length; i++) starts[i] = starts[i - 1]! + lengths[i - 1]!;
  return starts;
}
