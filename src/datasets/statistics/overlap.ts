import { readRows, type RowsSource } from '../rows-file.js';
import { folded } from './odd-text.js';
import { scanSentence } from './sentence-scan.js';
import { SentenceIndex } from './sentence-index.js';

/**
 * The rows of one data set whose sentences also occur in another. Case, composition of accents, white space
 * and invisible characters do not matter.
 */
export interface Overlap {
  rows: number;
  /** Number of those rows whose label the sentence never has in the other data set. */
  otherwiseLabelled: number;
  /** Row numbers of the first of them, from 1. */
  first: number[];
}

const FIRST = 10;

/** @throws DamagedError if rows are not what was stored */
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
