/** The statuses in which a run goes on by itself. */
const GOES_ON = ['queued', 'preparing', 'running', 'interrupted'];

/** Talks to the service. It reports errors in the service's own words. */
export class Client {
  /**
   * @param {string} url
   * @param {string | undefined} key
   * @param {AbortSignal} signal aborts every request
   */
  constructor(url, key, signal) {
    this.url = url.replace(/\/+$/, '');
    this.headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    this.signal = signal;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body] a form is sent unchanged, anything else as JSON
   * @returns {Promise<any>} the JSON of the answer
   */
  async ask(method, path, body, { signal = this.signal } = {}) {
    const isForm = body instanceof FormData;
    const json = body === undefined || isForm ? {} : { 'content-type': 'application/json' };
    const response = await fetch(this.url + path, {
      method,
      signal,
      headers: { ...this.headers, ...json },
      body: body === undefined || isForm ? body : JSON.stringify(body),
    });
    if (!response.ok) throw await refusal(response);
    return response.json();
  }

  /**
   * Yields the events of a run until it has ended or waits for somebody to resume it. If the connection breaks, it reconnects and continues
   * after the last event.
   * @returns {AsyncGenerator<{ type: string, data: any }, void, void>}
   */
  async *follow(runId) {
    let last = 0;
    for (let failures = 0; ; failures++) {
      try {
        const response = await fetch(`${this.url}/train/${runId}/events`, {
          headers: { ...this.headers, 'last-event-id': String(last) },
          signal: this.signal,
        });
        if (response.status === 204) return;
        if (!response.ok) throw await refusal(response);
        for await (const { id, type, data } of eventsOf(response.body)) {
          last = id;
          failures = 0;
          yield { type, data };
          if (type === 'status' && !GOES_ON.includes(data.status)) return;
        }
      } catch (error) {
        this.signal.throwIfAborted();
        const mayPass = !(error instanceof Refusal) || error.retryAfter > 0;
        if (!mayPass || failures >= 20) throw error;
        await pause((error.retryAfter ?? 1) * 1000, this.signal);
      }
    }
  }
}

/** An error answer of the service. */
export class Refusal extends Error {
  constructor(status, message, retryAfter) {
    super(message);
    this.status = status;
    /** Seconds after which to try again, if that may help. */
    this.retryAfter = retryAfter;
  }
}

async function refusal(response) {
  const problem = await response.json().catch(() => undefined);
  const detail = problem?.detail ?? `${response.url} answers ${response.status} ${response.statusText}.`;
  // If there is only one problem, the detail may already say it.
  const errors = (problem?.errors ?? [])
    .filter(({ message }) => !detail.includes(message))
    .map(({ message }) => `\n  ${message}`);
  return new Refusal(response.status, detail + errors.join(''), Number(response.headers.get('retry-after')));
}

/** Parses server-sent events in the form of this service: each has an id, a type and one line of JSON. */
async function* eventsOf(body) {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      const [, id, type, data] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      if (id !== undefined) yield { id: Number(id), type, data: JSON.parse(data) };
    }
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
