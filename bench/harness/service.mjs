import { join } from 'node:path';
import { Client } from '../../scripts/demo/client.mjs';
import { root } from '../../scripts/set-up/places.mjs';
import { MeasuredProgram } from './programs.mjs';

/** The built service, in a separate process on a free port. */
export class Service extends MeasuredProgram {
  #ending = new AbortController();
  #client;
  /** Time from its start until it listened, in milliseconds. */
  listening = 0;

  /** @param {Record<string, string>} settings */
  static async start(settings) {
    const service = new Service('the service', [process.execPath, join(root, 'dist', 'main.js')], {
      WELLFORMED_HOST: '127.0.0.1',
      WELLFORMED_PORT: '0',
      WELLFORMED_LOG_FORMAT: 'json',
      NO_COLOR: '1',
      ...settings,
    });
    const url = await service.startUntil((line) => /Listening on (http:\S+),/.exec(line)?.[1]);
    service.listening = performance.now() - service.startedAt;
    service.#client = new Client(url, undefined, service.#ending.signal);
    service.ignoreLines();
    return service;
  }

  get url() {
    return this.#client.url;
  }

  /**
   * Sends a request and returns the JSON of the answer.
   * @param {string} method
   * @param {string} path
   * @param {object} [body] a form is sent unchanged, anything else as JSON
   * @throws Error in the service's words, unless the request succeeds
   */
  async request(method, path, body) {
    try {
      return await this.#client.ask(method, path, body);
    } catch (error) {
      throw new Error(`${method} ${path}: ${error.message}\n${this.log}`, { cause: error });
    }
  }

  /**
   * Returns values of the service's metrics page.
   * @param {string[]} names with their labels; without them, the sum over all labels
   */
  async metrics(...names) {
    const response = await fetch(`${this.url}/metrics`);
    if (!response.ok) throw new Error(`GET /metrics answered ${response.status}.`);
    const values = new Map();
    for (const line of (await response.text()).split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const [, name, labels, value] = /^(\w+)(\{.*\})? (\S+)/.exec(line);
      if (labels) values.set(name + labels, Number(value));
      values.set(name, (values.get(name) ?? 0) + Number(value));
    }
    return names.map((name) => values.get(name));
  }

  /**
   * Starts a training.
   * @param {Record<string, string | number>} fields of POST /train
   * @param {string} [rows] a file in CoLA's format, if the fields name no data set
   * @returns {Promise<string>} the id of the run
   */
  async train(fields, rows) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, String(value));
    if (rows !== undefined) form.set('file', new Blob([rows]), 'bench.tsv');
    const { id } = await this.request('POST', '/train', rows === undefined ? fields : form);
    return id;
  }

  /**
   * Waits until `wanted` is true for a run.
   * @param {string} id
   * @param {(run: object) => boolean} [wanted] default: the run has succeeded
   * @throws Error if it fails, or ends without that
   */
  async run(id, wanted = ({ status }) => status === 'succeeded') {
    for (;;) {
      const run = await this.request('GET', `/train/${id}`);
      if (wanted(run)) return run;
      if (['failed', 'cancelled', 'interrupted', 'succeeded'].includes(run.status)) {
        throw new Error(`The training ${run.status}: ${JSON.stringify(run.error)}\n${this.log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async end() {
    this.#ending.abort();
    await super.end();
  }
}
