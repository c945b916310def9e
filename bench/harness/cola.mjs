import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from '../../scripts/set-up/places.mjs';

/** Path of CoLA's training sentences, in the folder of `--cola` or in the default one. The file need not exist. */
export function colaFile({ cola }) {
  return join(resolve(root, cola ?? '../shared/data/cola'), 'in_domain_train.tsv');
}

/**
 * @param {string} path a TSV file: source, label, mark, sentence; no header
 * @returns {{label: 0 | 1, sentence: string}[]} in the order of the file
 */
export function readColaRows(path) {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [, label, , sentence] = line.split('\t');
    return { label: Number(label), sentence };
  });
}

/**
 * Returns a folder with BERT's uncased vocabulary, which all models of its family share: `--tokenizer`, else
 * a stored base model, else undefined.
 */
export function vocabularyFolder({ tokenizer }) {
  if (tokenizer) return resolve(tokenizer);
  const stored = resolve(root, process.env.WELLFORMED_BASE_MODELS ?? 'data/base-models');
  return ['bert-base-uncased', 'all-MiniLM-L6-v2']
    .map((name) => join(stored, name))
    .find((path) => existsSync(join(path, 'vocab.txt')));
}
