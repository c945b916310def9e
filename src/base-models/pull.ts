import { readSettings, SettingsError } from '../config/read-settings.js';
import { UnknownBaseModelError } from './base-model-name.js';
import { BaseModelUnavailableError, ensureBaseModel } from './base-model-store.js';
import { catalogue } from './catalogue.js';
import { InvalidModelError } from '../bert/errors.js';
import { baseModelOptions } from './options.js';
import type { DownloadProgress } from './source.js';

/** `npm run base-model -- NAME …` downloads base models in advance, for machines without a network. */
async function main(names: string[]): Promise<void> {
  const { settings } = readSettings(process.env);
  const options = baseModelOptions(settings);
  if (names.length === 0 || names.some((name) => name.startsWith('-'))) {
    console.log(
      'Usage: npm run base-model -- NAME [NAME …]\n\nNAME is the hub id of a BERT, ELECTRA, DistilBERT or RoBERTa model, or one of these:',
    );
    for (const { name, description, licence } of catalogue)
      console.log(`  ${name}: ${description} (${licence})`);
    console.log(`\nModels are stored in ${options.folder} (WELLFORMED_BASE_MODELS).`);
    return;
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new StoppedError()));
  process.once('SIGTERM', () => stop.abort(new StoppedError()));
  for (const name of names) {
    const start = Date.now();
    const show = process.stdout.isTTY ? drawLine : printSometimes();
    const { folder, source } = await ensureBaseModel(name, options, {
      onProgress: show,
      signal: stop.signal,
      verify: true,
    });
    if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
    const origin = source === 'folder' ? 'put there by hand' : `source: ${source}`;
    console.log(`${name} is in ${folder} (${origin}; ${((Date.now() - start) / 1000).toFixed(1)} s)`);
  }
}

class StoppedError extends Error {
  override readonly message = 'Stopped; nothing was stored.';
}

function drawLine(progress: DownloadProgress): void {
  process.stdout.write(`\r\u001b[K${describe(progress)}`);
}

/** Prints progress for a log: a line when a file begins, then one every ten seconds. */
function printSometimes(): (progress: DownloadProgress) => void {
  let file = '';
  let printedAt = 0;
  return (progress) => {
    if (progress.file === file && Date.now() - printedAt < 10_000) return;
    file = progress.file;
    printedAt = Date.now();
    console.log(describe(progress));
  };
}

function describe({ source, file, bytes, totalBytes }: DownloadProgress): string {
  const done = totalBytes ? ` of ${megabytes(totalBytes)} (${Math.floor((100 * bytes) / totalBytes)} %)` : '';
  return `${source}: ${file} ${megabytes(bytes)}${done}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const expected = [
    SettingsError,
    UnknownBaseModelError,
    BaseModelUnavailableError,
    InvalidModelError,
    StoppedError,
  ];
  const known = expected.some((type) => error instanceof type);
  console.error(known ? `\n${(error as Error).message}` : error);
  process.exitCode = 1;
});
