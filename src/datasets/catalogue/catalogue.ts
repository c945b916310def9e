/** A data set that the service knows by name and can add itself. */
export interface CatalogueEntry {
  /** The corpus and its part, separated by a slash. */
  readonly name: string;
  readonly title: string;
  readonly rows: number;
  /** Like `Dataset.contentHash`. Rows with another hash are refused, whatever source they come from. */
  readonly contentHash: string;
  readonly licence: string;
  readonly homepage: string;
  readonly citation: string | null;
  readonly source: SourceLocation;
}

export type SourceLocation = ShippedFile | ZipMember;

/** A file of this project's `samples/`. */
export interface ShippedFile {
  readonly kind: 'shipped';
  readonly file: string;
}

/** A file in the archive that the setting `WELLFORMED_COLA_URL` names. */
export interface ZipMember {
  readonly kind: 'zip';
  readonly member: string;
  readonly bytes: number;
  /** Hash of the file, not of the archive, so that a repacked archive is accepted. */
  readonly sha256: string;
}

const cola = {
  licence:
    'No licence: the sentences are excerpts from published linguistics literature, and their copyright stays with its authors and ' +
    'publishers. The authors of CoLA expect research use to be fair use under the law of the USA, and guarantee nothing.',
  homepage: 'https://nyu-mll.github.io/CoLA/',
  citation:
    'Alex Warstadt, Amanpreet Singh and Samuel R. Bowman: Neural Network Acceptability Judgments, TACL 7 (2019), arXiv:1805.12471',
};

const sample = {
  licence: 'CC0-1.0: use it for anything, without asking.',
  homepage: 'https://creativecommons.org/publicdomain/zero/1.0/',
  citation: null,
};

// CoLA's hashes are those of version 1.1, from the repository of its web site (github.com/nyu-mll/CoLA).
export const catalogue: readonly CatalogueEntry[] = [
  {
    name: 'sample/train',
    title: 'Sample sentences for training, written by a small grammar. They come with this project.',
    rows: 1776,
    contentHash: '972a199946e8bf3887ef8ca53bf599449925cb6192c8972e7ea555c8a012d5fb',
    ...sample,
    source: { kind: 'shipped', file: 'sample-training.tsv' },
  },
  {
    name: 'sample/validation',
    title: 'Sample sentences for validation: other sentence frames than those for training.',
    rows: 444,
    contentHash: 'b469cd63fb1ffbb8ae0d56118ea7f798e90d5b828e363b8b5545bdd67ee9bb95',
    ...sample,
    source: { kind: 'shipped', file: 'sample-validation.tsv' },
  },
  {
    name: 'cola/train',
    title: 'CoLA, the Corpus of Linguistic Acceptability: its sentences for training.',
    rows: 8551,
    contentHash: '4596374e1c1ee1cc41e6bf1b6da6c614feb258a3010b876f153fc7a5a5e7e852',
    ...cola,
    source: {
      kind: 'zip',
      member: 'cola_public/raw/in_domain_train.tsv',
      bytes: 428_578,
      sha256: 'f320a10f92d3bce6b29152fde322a362eac39238e50d8de0c8815457fdf4fc12',
    },
  },
  {
    name: 'cola/in-domain-dev',
    title: 'CoLA, for validation: sentences from the publications that the training sentences come from.',
    rows: 527,
    contentHash: 'f983d9aa974fa57a44cd2ae8b261754aca7e52254cb4fc72b32b5b56276245a8',
    ...cola,
    source: {
      kind: 'zip',
      member: 'cola_public/raw/in_domain_dev.tsv',
      bytes: 25_957,
      sha256: '77176f6a03faa5a1c4f23c69971fc1bff565931112fb65af47b2d6e24b7f42f7',
    },
  },
  {
    name: 'cola/out-of-domain-dev',
    title: 'CoLA, for validation: sentences from other publications than the training sentences.',
    rows: 516,
    contentHash: '68f9669593830d65ebe8c83819743827e7bee68ad1bd0dd50476b90640b695e4',
    ...cola,
    source: {
      kind: 'zip',
      member: 'cola_public/raw/out_of_domain_dev.tsv',
      bytes: 27_754,
      sha256: '201b9c57b2a20f1282242eec0ed8995729e3be19c29a46c047b3727338836c05',
    },
  },
];

/** Returns the entry with exactly these rows. */
export function entryWithRows(contentHash: string): CatalogueEntry | undefined {
  return catalogue.find((entry) => entry.contentHash === contentHash);
}
