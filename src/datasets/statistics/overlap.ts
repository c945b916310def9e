import { readRows, type RowsSource } from '../rows-file.js';
import { folded } from './odd-text.js';
import { scanSentence } from './sentence-scan.js';
import { SentenceIndex } from './sentence-index.js';

/** The rows of one data set whose sentences are in another one too, but for case, accents' form, white space and invisible characters. */
export interface Overlap {
  rows: number;
  /** Those of them that the other set never has with this label. */
  otherwiseLabelled: number;
  /** Numbers of the first of them in the set that was looked through, from 1. */
  first: number[];
}

const FIRST = 10;

/** @throws DamagedError where rows are not what was stored */
export async function overlapOf(rows: RowsSource, others: RowsSource): Promise<Overlap> {
  const index = new SentenceIndex();
  for await (const { sentence, label } of readRows(others)) {
    const { high, low } = scanSentence(folded(sentence));
    index.add(high, low, 0, label);
  }
  const overlap: Overlap = { rows: 0, otherwiseLabelled: 0, first: [] };
  let row = 0;
  for await (const { sentence, label } of readRows(rows)) {
    row++;
    const { high, low } = scanSentence(folded(sentence));
    const labels = index.labelsOf(high, low);
    if (labels.length === 0) continue;
    overlap.rows++;
    if (!labels.includes(label)) overlap.otherwiseLabelled++;
    if (overlap.first.length < FIRST) overlap.first.push(row);
  }
  return overlap;
}
