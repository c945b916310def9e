import type { ServedModel } from '../bert/serving/served-model.js';

export interface LabelledSentence {
  label: 0 | 1;
  sentence: string;
}

export interface JudgedRows {
  /** 0 or 1 for each row, in the same order as `logits`. */
  labels: Uint8Array;
  /** [rows, 2] */
  logits: Float32Array;
  truncated: number;
}

export interface JudgingOptions {
  /** Receives the number of judged rows after each portion. */
  onProgress: (judged: number) => void;
  /** Stops the work. The promise then rejects with the reason of the signal. */
  signal: AbortSignal;
}

/** Rows that the model gets at a time. It makes batches of them itself. */
const PORTION = 256;
/** Rows to read ahead and sort by length, so that batches have little padding. */
const WINDOW = 8 * PORTION;

/**
 * Judges rows with a model, in portions. Memory grows by nine bytes per row and does not depend on the text.
 */
export async function judgeRows(
  model: Pick<ServedModel, 'score'>,
  rows: AsyncIterable<LabelledSentence>,
  count: number,
  { onProgress, signal }: JudgingOptions,
): Promise<JudgedRows> {
  const judged = { labels: new Uint8Array(count), logits: new Float32Array(2 * count), truncated: 0 };
  let done = 0;
  for await (const window of windows(rows)) {
    window.sort((a, b) => a.sentence.length - b.sentence.length);
    for (let start = 0; start < window.length; start += PORTION) {
      signal.throwIfAborted();
      const portion = window.slice(start, start + PORTION);
      const sentences = portion.map(({ sentence }) => sentence);
      const { judgements } = await model.score(sentences, { signal });
      if (done + portion.length > count) throw tooMany(count);
      judgements.forEach(({ logits, truncated }, i) => {
        judged.labels[done] = portion[i]!.label;
        judged.logits.set(logits, 2 * done);
        judged.truncated += truncated ? 1 : 0;
        done++;
      });
      onProgress(done);
    }
  }
  if (done < count)
    throw new Error(`The data set should have ${count} rows, but its file ends after ${done}.`);
  return judged;
}

async function* windows(rows: AsyncIterable<LabelledSentence>): AsyncGenerator<LabelledSentence[]> {
  let window: LabelledSentence[] = [];
  for await (const row of rows) {
    window.push(row);
    if (window.length < WINDOW) continue;
    yield window;
    window = [];
  }
  if (window.length > 0) yield window;
}

function tooMany(count: number): Error {
  return new Error(`The data set should have ${count} rows, but its file has more.`);
}
