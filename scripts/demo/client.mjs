/** The statuses in which a run goes on by itself. */
const GOES_ON = ['queued', 'preparing', 'running', 'interrupted'];

/** A service that the demo talks to. Errors are told in the service's own words. */
export class Client {
  /**
   * @param {string} url
   * @param {string | undefined} key
   * @param {AbortSignal} signal ends every request
   */
  constructor(url, key, signal) {
    this.url = url.replace(/\/+$/, '');
    this.headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    this.signal = signal;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body] a form as it is, anything else as JSON
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
   * The events of a run, until it has ended or waits for somebody to resume it. A connection that breaks is made anew, and goes on behind the last event.
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

/** What the service answered instead of what it was asked for. */
export class Refusal extends Error {
  constructor(status, message, retryAfter) {
    super(message);
    this.status = status;
    /** Seconds after which to try again, where that may help. */
    this.retryAfter = retryAfter;
  }
}

async function refusal(response) {
  const problem = await response.json().catch(() => undefined);
  const detail = problem?.detail ?? `${response.url} answers ${response.status} ${response.statusText}.`;
  // Where there is but one problem, the detail may have told it.
  const errors = (problem?.errors ?? [])
    .filter(({ message }) => !detail.includes(message))
    .map(({ message }) => `\n  ${message}`);
  return new Refusal(response.status, detail + errors.join(''), Number(response.headers.get('retry-after')));
}

/** Server-sent events, as this service writes them: each has an id, a type and a line of JSON. */
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
