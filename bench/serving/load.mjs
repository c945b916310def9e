import http from 'node:http';
import autocannon from 'autocannon';

/** Clients give up after so many seconds: whoever waits so long has lost. */
const TIMEOUT_SECONDS = 60;

/**
 * Clients that each send one sentence after another over a connection of their own (autocannon; of what was tried it takes the least of
 * the machine, 33 µs a request).
 * @param {object} options
 * @param {string} options.url
 * @param {number} options.clients
 * @param {string[]} options.sentences each sent once; as many to each client
 * @param {(sentence: string) => object} options.body
 * @returns {Promise<Answers>}
 *
 * @typedef {object} Answers
 * @property {number[]} milliseconds of each request, from its first byte to the last of its answer
 * @property {number[]} inferenceMilliseconds of the batch that a sentence was in, where the server tells (`Server-Timing`)
 * @property {number} perSecond answers a second while all clients were at work
 * @property {number} seconds
 */
export async function closedLoop({ url, clients, sentences, body }) {
  const answers = { milliseconds: [], inferenceMilliseconds: [], perSecond: 0, seconds: 0 };
  const share = Math.floor(sentences.length / clients);
  const answered = new Map();
  const window = { begin: 0, before: 0, end: 0, after: 0 };
  const errors = [];
  let next = 0;
  const request = {
    setupRequest: (settings) => ({ ...settings, body: JSON.stringify(body(sentences[next++])) }),
    onResponse: (status, text, _context, headers) => {
      if (status !== 200) errors.push(`${status} ${text.slice(0, 300)}`);
      const inference = inferenceOf(headers['server-timing'] ?? headers['Server-Timing']);
      if (inference !== undefined) answers.inferenceMilliseconds.push(inference);
    },
  };
  const started = performance.now();
  await new Promise((resolve, reject) => {
    const run = autocannon(
      {
        url: `${url}/predict`,
        connections: clients,
        amount: share * clients,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        requests: [request],
        timeout: TIMEOUT_SECONDS,
        // How soon the end is noticed, in milliseconds.
        sampleInt: 20,
      },
      (error) => (error ? reject(error) : resolve()),
    );
    run.on('reqError', (error) => errors.push(error.message));
    run.on('response', (client, _status, _bytes, milliseconds) => {
      const count = answers.milliseconds.push(milliseconds);
      const now = performance.now();
      // The first answers are those to clients that all came at once; after the first client's last one there are fewer.
      if (count === clients) Object.assign(window, { begin: now, before: count });
      const own = (answered.get(client) ?? 0) + 1;
      answered.set(client, own);
      if (own === share && window.end === 0) Object.assign(window, { end: now, after: count });
    });
  });
  if (errors.length > 0)
    throw new Error(`${errors.length} requests to ${url} failed, the first: ${errors[0]}`);
  answers.seconds = (performance.now() - started) / 1000;
  answers.perSecond = (1000 * (window.after - window.before)) / (window.end - window.begin);
  return answers;
}

/**
 * Requests that come when they come, whether or not others have been answered: at random times (a Poisson process), each over a
 * connection that is free. autocannon's own rate sends what a connection owes at the beginning of each second.
 * @param {object} options
 * @param {string} options.url
 * @param {number} options.perSecond
 * @param {number} options.seconds
 * @param {() => string} options.sentence the next one
 * @param {(sentence: string) => object} options.body
 * @param {() => number} options.random uniform in [0, 1)
 * @returns {Promise<{sent: number, milliseconds: number[], dueSeconds: number[], errors: string[]}>} of each answer the time since its request
 *   should have been sent, and how long after the beginning that was
 */
export async function openLoop({ url, perSecond, seconds, sentence, body, random }) {
  const agent = new http.Agent({ keepAlive: true });
  const result = { sent: 0, milliseconds: [], dueSeconds: [], errors: [] };
  const pending = new Set();
  const started = performance.now();
  let due = started;
  const send = (at) => {
    result.sent++;
    const answer = post(`${url}/predict`, body(sentence()), agent)
      .then(({ status, text }) => {
        if (status !== 200) return result.errors.push(`${status} ${text.slice(0, 300)}`);
        result.milliseconds.push(performance.now() - at);
        result.dueSeconds.push((at - started) / 1000);
      })
      .catch((error) => result.errors.push(error.message))
      .finally(() => pending.delete(answer));
    pending.add(answer);
  };
  for (;;) {
    due += (-1000 * Math.log(1 - random())) / perSecond;
    if (due > started + 1000 * seconds) break;
    const early = due - performance.now();
    if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
    send(due);
  }
  await Promise.all(pending);
  agent.destroy();
  return result;
}

/**
 * Asks a server for one judgement.
 * @param {{name: string, url: string, log: string}} server
 * @param {object} body
 */
export async function predict({ name, url, log }, body) {
  const { status, text } = await post(`${url}/predict`, body);
  if (status !== 200) throw new Error(`${name}: POST /predict answered ${status}: ${text}\n${log}`);
  return JSON.parse(text);
}

/** @returns {Promise<{status: number, text: string}>} */
function post(url, body, agent) {
  const payload = Buffer.from(JSON.stringify(body));
  const headers = { 'content-type': 'application/json', 'content-length': payload.length };
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', headers, agent, timeout: 1000 * TIMEOUT_SECONDS });
    request.on('timeout', () => request.destroy(new Error(`no answer in ${TIMEOUT_SECONDS} s`)));
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, text }));
      response.on('error', reject);
    });
    request.end(payload);
  });
}

/** Milliseconds of `inference` in a `Server-Timing` header. */
function inferenceOf(header) {
  const match = /(?:^|,)\s*inference;dur=([\d.]+)/.exec(header ?? '');
  return match ? Number(match[1]) : undefined;
}
