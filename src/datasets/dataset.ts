import type { RowLayout } from '../common/columns.js';
import type { FileFormat } from './reading/file-format.js';

/** A set of labelled sentences, as services pass it. */
export interface Dataset {
  id: string;
  name: string;
  /** SHA-256 (hex) over `label\tsentence\n` of all rows in order. Equal rows give an equal hash. */
  contentHash: string;
  rows: number;
  /** Rows with label 1. */
  acceptable: number;
  /** Rows with label 0. */
  unacceptable: number;
  statistics: DatasetStatistics;
  /** What is odd about the rows. It is no reason to refuse them. */
  warnings: DatasetWarning[];
  originalFileName: string | null;
  /** Size of the uploaded file in bytes. */
  bytes: number;
  createdAt: Date;
}

export interface DatasetStatistics {
  /** How the file was written. */
  fileFormat: FileFormat;
  /** How its columns were identified. */
  format: RowLayout;
  words: LengthStatistics;
  characters: LengthStatistics;
}

export interface LengthStatistics {
  min: number;
  mean: number;
  median: number;
  /** 95 % of all sentences are no longer than this. */
  p95: number;
  max: number;
  /** A histogram. Older data sets have none. */
  bins?: LengthBin[];
}

/** Number of rows with a length in this range. Both bounds are included. */
export interface LengthBin {
  from: number;
  to: number;
  rows: number;
}

export type DatasetWarningKind =
  | 'missing-class'
  | 'skewed-classes'
  | 'other-language'
  | 'quoted-fields'
  | 'conflicting-labels'
  | 'duplicate-sentences'
  | 'near-duplicates'
  | 'byte-order-marks'
  | 'invisible-characters'
  | 'damaged-characters'
  | 'html-entities'
  | 'line-breaks'
  | 'long-sentences'
  | 'duplicates-not-fully-checked';

export interface DatasetWarning {
  kind: DatasetWarningKind;
  /** What was found and what to do about it. */
  message: string;
  /** Number of rows that the warning is about. */
  count: number;
  /** Line numbers of the first such rows in the uploaded file, from 1. */
  lines: number[];
}
