import type { RowLayout } from '../common/columns.js';
import type { FileFormat } from './reading/file-format.js';

/** A set of labelled sentences, as services pass it. */
export interface Dataset {
  id: string;
  name: string;
  /** sha256 (hex) over `label\tsentence\n` of all rows in order: the same rows have the same hash. */
  contentHash: string;
  rows: number;
  /** Rows with label 1. */
  acceptable: number;
  /** Rows with label 0. */
  unacceptable: number;
  statistics: DatasetStatistics;
  /** What is odd about the rows, though no reason to refuse them. */
  warnings: DatasetWarning[];
  originalFileName: string | null;
  /** Size of the file as it was uploaded. */
  bytes: number;
  createdAt: Date;
}

export interface DatasetStatistics {
  /** How the file was written. */
  fileFormat: FileFormat;
  /** How its columns were told apart. */
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
  /** A histogram; absent in sets from before it was counted. */
  bins?: LengthBin[];
}

/** The rows whose length lies between two lengths, both included. */
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
  /** How many rows it is about. */
  count: number;
  /** Line numbers of the first of them in the uploaded file, from 1. */
  lines: number[];
}
