import http from 'node:http';
import autocannon from 'autocannon';

/** Timeout of a client in seconds. A side that takes longer has lost. */
const TIMEOUT_SECONDS = 60;

/**
 * Runs clients that each send one sentence after another over their own connection. They use autocannon,
 * which takes the least processor time of the tools that were tried: 33 µs per request.
 * @param {object} options
 * @param {string} options.url
 * @param {number} options.clients
 * @param {string[]} options.sentences each is sent once. Every client gets the same number
 * @param {(sentence: string) => object} options.body
 * @returns {Promise<Answers>}
 *
 * @typedef {object} Answers
 * @property {number[]} milliseconds of each request, from its first byte to the last of its answer
 * @property {number[]} inferenceMilliseconds of the batch of the sentence, if the server reports it (`Server-Timing`)
 * @property {number} perSecond answers per second while all clients were working
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
        // Interval at which the end is noticed, in milliseconds.
        sampleInt: 20,
      },
      (error) => (error ? reject(error) : resolve()),
    );
    run.on('reqError', (error) => errors.push(error.message));
    run.on('response', (client, _status, _bytes, milliseconds) => {
      const count = answers.milliseconds.push(milliseconds);
      const now = performance.now();
      // The first answers are to clients that all came at once. After the first client has finished, there
      // are fewer clients.
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
 * Sends requests at random times (a Poisson process), whether or not others have been answered, each over a
 * free connection. autocannon's own rate would send all requests that are due on a connection at the start of
 * each second.
 * @param {object} options
 * @param {string} options.url
 * @param {number} options.perSecond
 * @param {number} options.seconds
 * @param {() => string} options.sentence the next one
 * @param {(sentence: string) => object} options.body
 * @param {() => number} options.random uniform in [0, 1)
 * @returns {Promise<{sent: number, milliseconds: number[], dueSeconds: number[], errors: string[]}>} for each answer, the time since its request was due, and the due time in seconds after the beginning
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
 * Requests one judgement from a server.
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

/** Returns the milliseconds of `inference` in a `Server-Timing` header. */
function inferenceOf(header) {
  const match = /(?:^|,)\s*inference;dur=([\d.]+)/.exec(header ?? '');
  return match ? Number(match[1]) : undefined;
}
