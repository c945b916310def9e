// npm run demo [-- OPTION …]: trains a first model in a few minutes. It uploads the sample, fine-tunes a
// small BERT on it and judges three sentences.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Refusal } from './demo/client.mjs';
import { Progress, timeText } from './demo/progress.mjs';
import { checkNodeVersion } from './set-up/node-version.mjs';
import { root } from './set-up/places.mjs';
import { runScript } from './set-up/script.mjs';

/** The address of `npm start`. */
const DEFAULT_URL = `http://127.0.0.1:${process.env.WELLFORMED_PORT || 3000}`;

/**
 * The page's button uses this training too. Its sentences are the first of `samples/plain-sentences.tsv`,
 * which are not in the sample. The last two are unacceptable.
 */
const firstRun = JSON.parse(readFileSync(join(root, 'samples', 'first-run.json'), 'utf8'));
const { hyperparameters, sentences } = firstRun;

const usage = `Usage: npm run demo [-- OPTION …]
  --url URL          a running service (default: ${DEFAULT_URL}; where none runs there, the demo starts one)
  --key KEY          an API key with the scopes predict and train, where the service asks for one
  --base-model NAME  what to fine-tune (default: ${firstRun.baseModel})
  --epochs N         how often the training sees each sentence (default: ${hyperparameters.epochs})
  --keep             let a service that the demo started run on, until Ctrl+C`;

async function main() {
  checkNodeVersion();
  const options = readOptions();
  if (!options) return 1;
  const ending = new AbortController();
  const stopListening = endOnSignals(ending);
  const demo = new Demo(options, ending);
  try {
    await demo.run();
    return 0;
  } catch (error) {
    // If the demo was interrupted, report only that. Other errors are consequences.
    const reason = ending.signal.aborted ? ending.signal.reason : error;
    if (!(reason instanceof Interruption)) throw reason;
    return reason.exitCode;
  } finally {
    await demo.end();
    stopListening();
  }
}

class Demo {
  #service;
  #client;
  #runId;

  constructor(options, ending) {
    this.options = options;
    this.ending = ending;
  }

  async run() {
    const { baseModel, epochs, keep } = this.options;
    await this.#connect();
    const client = this.#client;
    const training = await this.#dataset('sample-training.tsv');
    const validation = await this.#dataset('sample-validation.tsv');
    const asked = { datasetId: training.id, validationDatasetId: validation.id, baseModel };
    const run = await client.ask('POST', '/train', { ...asked, ...hyperparameters, epochs });
    this.#runId = run.id;
    console.log(`Fine-tuning ${baseModel} as ${run.id}. Ctrl+C cancels it.`);
    const ended = await this.#follow(run.id);
    this.#runId = undefined;
    if (ended.status !== 'succeeded') throw new Error(failureText(ended));
    const seconds = (Date.parse(ended.finishedAt) - Date.parse(ended.startedAt)) / 1000;
    console.log(`Done in ${timeText(seconds)}: model ${ended.modelId}.`);
    await this.#judge(ended.modelId);
    this.#sayWhatNext(ended.modelId);
    if (this.#service && keep) {
      console.log('\nThe service runs on. Ctrl+C ends it.');
      await new Promise((_resolve, reject) =>
        this.ending.signal.addEventListener('abort', () => reject(this.ending.signal.reason)),
      );
    }
  }

  /** Cancels a running run, and stops the service if the demo started it. */
  async end() {
    if (this.#runId !== undefined) await this.#cancel(this.#runId);
    if (!this.#service) return;
    console.log('Stopping the service.');
    await this.#service.stop();
  }

  /** Connects to a running service, or starts one. */
  async #connect() {
    const { url = DEFAULT_URL, key } = this.options;
    const { signal } = this.ending;
    this.#client = new Client(url, key, signal);
    const found = await this.#find();
    if (found !== true && this.options.url !== undefined) throw new Error(found);
    if (found !== true) {
      this.data = resolve(root, process.env.WELLFORMED_DATA || 'data');
      console.log(`${found} Starting one, with its data in ${this.data}.`);
      const { startOwnService } = await import('./demo/own-service.mjs');
      this.#service = await startOwnService(this.data, (error) => this.ending.abort(error));
      signal.throwIfAborted();
      this.#client = new Client(this.#service.url, key, signal);
    }
    const { scopes, name } = await this.#client.ask('GET', '/whoami');
    const missing = ['predict', 'train'].filter((scope) => !scopes.includes(scope));
    if (missing.length > 0) {
      throw new Error(`The key ${name} lacks the scope ${missing.join(' and ')}, which the demo needs.`);
    }
    console.log(`Service: ${this.#client.url}`);
  }

  /** @returns true if the service runs, else a sentence that says that it does not */
  async #find() {
    const { url } = this.#client;
    try {
      const { anonymous } = await this.#client.ask('GET', '/whoami');
      return typeof anonymous === 'boolean' || `What answers at ${url} is not Wellformed.`;
    } catch (error) {
      this.ending.signal.throwIfAborted();
      if (!(error instanceof Refusal)) return `No service answers at ${url}.`;
      if (error.status === 404) return `What answers at ${url} is not Wellformed, or an older version of it.`;
      throw error;
    }
  }

  /** Uploads a file of the sample unless the service already has it. */
  async #dataset(file) {
    const text = await readFile(join(root, 'samples', file), 'utf8');
    const found = await this.#datasetWith(contentHashOf(text));
    if (found) {
      console.log(`${file} is there already: ${found.id}, ${found.rows} sentences.`);
      return found;
    }
    const form = new FormData();
    form.set('file', new Blob([text], { type: 'text/tab-separated-values' }), file);
    const dataset = await this.#client.ask('POST', '/datasets', form);
    console.log(`Uploaded ${file}: ${dataset.id}, ${dataset.rows} sentences.`);
    return dataset;
  }

  async #datasetWith(contentHash) {
    let cursor = '';
    do {
      const page = await this.#client.ask('GET', `/datasets?limit=100${cursor}`);
      const found = page.items.find((dataset) => dataset.contentHash === contentHash);
      if (found) return found;
      cursor = page.nextCursor === null ? undefined : `&cursor=${encodeURIComponent(page.nextCursor)}`;
    } while (cursor !== undefined);
    return undefined;
  }

  /** @returns the ended run */
  async #follow(runId) {
    const progress = new Progress(process.stdout, this.options.epochs);
    try {
      for await (const event of this.#client.follow(runId)) progress.take(event);
    } finally {
      progress.end();
    }
    return this.#client.ask('GET', `/train/${runId}`);
  }

  async #judge(model) {
    const { predictions } = await this.#client.ask('POST', '/predict', { sentences, model });
    console.log('\n* marks a sentence that is not acceptable. The number is the probability that it is.\n');
    const width = Math.max(...sentences.map((sentence) => sentence.length));
    for (const [i, { acceptable, score, calibratedScore }] of predictions.entries()) {
      const probability = (calibratedScore ?? score).toFixed(2);
      console.log(`  ${acceptable ? ' ' : '*'} ${sentences[i].padEnd(width)}  ${probability}`);
    }
  }

  #sayWhatNext(model) {
    const stops = this.#service !== undefined && !this.options.keep;
    const url = stops ? DEFAULT_URL : this.#client.url;
    const key = this.options.key === undefined ? '' : ' -H "Authorization: Bearer KEY"';
    const data = process.env.WELLFORMED_DATA ? `WELLFORMED_DATA=${shellQuoted(this.data ?? '')} ` : '';
    const start = stops ? `\nStart the service again, with this model:\n\n    ${data}npm start\n` : '';
    console.log(`${start}
The page: ${url}/

Judge a sentence:

    curl${key} -d 'The cat sat on mat the.' '${url}/predict?model=${model}'

Train on your own sentences (a TSV whose first line names the columns sentence and label, 1 or 0):

    curl${key} -F file=@mine.tsv -F baseModel=${this.options.baseModel} ${url}/train`);
  }

  async #cancel(runId) {
    // The client's signal is already aborted, so use another one.
    const signal = AbortSignal.timeout(15_000);
    try {
      await this.#client.ask('POST', `/train/${runId}/cancel`, undefined, { signal });
      // Wait until the run is cancelled. If the service ended earlier, it would mark the run as interrupted.
      for (let status = ''; this.#service && status !== 'cancelled';) {
        ({ status } = await this.#client.ask('GET', `/train/${runId}`, undefined, { signal }));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      console.log(`Cancelled ${runId}.`);
    } catch (error) {
      console.error(`${runId} could not be cancelled: ${error.message}`);
    }
  }
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        url: { type: 'string' },
        key: { type: 'string' },
        'base-model': { type: 'string', default: firstRun.baseModel },
        epochs: { type: 'string', default: String(hyperparameters.epochs) },
        keep: { type: 'boolean', default: false },
      },
    });
    if (values.url !== undefined && !/^https?:\/\/./.test(values.url)) {
      throw new Error(`--url must be an address such as ${DEFAULT_URL}.`);
    }
    if (!/^[1-9]\d?$/.test(values.epochs)) throw new Error('--epochs must be a whole number above 0.');
    return { ...values, baseModel: values['base-model'], epochs: Number(values.epochs) };
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    return undefined;
  }
}

/** The user asked to stop. */
class Interruption extends Error {
  constructor(signal) {
    super(`Ended by ${signal}.`);
    this.exitCode = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[signal];
  }
}

/**
 * The first signal stops the demo in order. Another SIGINT stops it at once.
 * @returns a function that undoes this
 */
function endOnSignals(ending) {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  let first;
  const end = (signal) => {
    // npm and the terminal may each send a signal for a single Ctrl+C.
    if (first !== undefined && signal === 'SIGINT' && performance.now() - first > 1000) process.exit(130);
    if (first !== undefined) return;
    first = performance.now();
    ending.abort(new Interruption(signal));
  };
  for (const signal of signals) process.on(signal, end);
  return () => signals.forEach((signal) => process.off(signal, end));
}

function failureText({ id, status, statusReason, error }) {
  if (error) return `${id} has ${status}: ${error.message}`;
  return statusReason ? `${id} was ${status}: ${statusReason}` : `${id} was ${status}.`;
}

/** Computes the content hash like the service: over labels and sentences of CoLA's four columns. */
function contentHashOf(text) {
  const hash = createHash('sha256');
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, label, , sentence] = line.split('\t');
    hash.update(`${label}\t${sentence}\n`);
  }
  return hash.digest('hex');
}

function shellQuoted(text) {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

process.exitCode = await runScript(main);
