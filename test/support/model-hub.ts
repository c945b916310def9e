import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export const hubRevision = 'c0ffee'.repeat(6) + 'beef';

/** Faults that the hub can have. */
export interface HubFaults {
  /** Never answers. */
  silent?: boolean;
  /** Drops the connection after this many bytes of the weights, this many times. */
  breaksAfter?: { bytes: number; times: number };
  /** Sends this many bytes of the weights, then nothing more. */
  stallsAfter?: number;
  /** Lists the weights with this size. */
  listedSize?: number;
  /** Size in bytes of an empty list: Infinity for an endless one, NaN for one that never arrives. */
  listsMore?: number;
  /** Answers 404 with an endless body. */
  refusesAtLength?: boolean;
  /** Every page of the list names another page. */
  listsOn?: boolean;
  /** Sends damaged weights. */
  damaged?: boolean;
  status?: number;
  /** Answers this many requests with 503 or another status, then normally. `retryAfter` is in seconds. */
  busy?: { times: number; status?: number; retryAfter?: number };
}

/** A server with the endpoints of the Hugging Face hub that a download needs. */
export class ModelHub {
  readonly faults: HubFaults = {};
  /** Requested paths. */
  readonly requests: string[] = [];
  readonly #models = new Map<string, Map<string, Buffer>>();
  readonly #server = createServer((request, response) => this.#answer(request, response));

  static async start(): Promise<ModelHub> {
    const hub = new ModelHub();
    await new Promise<void>((resolve) => hub.#server.listen(0, '127.0.0.1', resolve));
    return hub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Offers the files of a folder under a hub id. */
  add(id: string, folder: string, without: readonly string[] = []): void {
    const names = readdirSync(folder).filter((name) => !without.includes(name));
    this.#models.set(id, new Map(names.map((name) => [name, readFileSync(join(folder, name))])));
  }

  /** Clears faults and requests. */
  reset(): void {
    for (const name of Object.keys(this.faults)) delete this.faults[name as keyof HubFaults];
    this.requests.length = 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url!, this.url);
    this.requests.push(pathname);
    if (this.faults.silent) return;
    const { busy } = this.faults;
    if (busy && busy.times > 0) {
      busy.times--;
      const headers = busy.retryAfter === undefined ? {} : { 'retry-after': String(busy.retryAfter) };
      return void response.writeHead(busy.status ?? 503, headers).end('busy');
    }
    if (this.faults.refusesAtLength) return sendSpaces(response, 404, Infinity);
    if (this.faults.status) return void response.writeHead(this.faults.status).end('no');

    const [, id, what, revision] =
      /^\/(?:api\/models\/)?([^/]+\/[^/]+)\/(revision|tree|resolve)\/([^/]+)/.exec(pathname) ?? [];
    const files = this.#models.get(id ?? '');
    if (!files || (revision !== hubRevision && !(what === 'revision' && revision === 'HEAD'))) {
      return json(response, 404, { error: 'Repository not found' });
    }
    if (what === 'revision') return json(response, 200, { _id: '1', id, sha: hubRevision });
    if (what === 'tree') {
      const { listsMore, listsOn } = this.faults;
      if (listsOn) response.setHeader('link', `<${this.url}${request.url}>; rel="next"`);
      if (listsMore !== undefined) return sendSpaces(response, 200, listsMore);
      return json(response, 200, listsOn ? [] : [...files].map(([path, data]) => this.#listed(path, data)));
    }
    this.#send(request, response, pathname.split('/').at(-1)!, files);
  }

  #listed(path: string, data: Buffer): unknown {
    const weights = path === 'model.safetensors';
    const size = (weights && this.faults.listedSize) || data.length;
    const sum = createHash('sha256').update(data).digest('hex');
    return {
      type: 'file',
      path,
      size,
      oid: 'a'.repeat(40),
      ...(weights && { lfs: { oid: sum, size, pointerSize: 130 } }),
    };
  }

  #send(request: IncomingMessage, response: ServerResponse, name: string, files: Map<string, Buffer>): void {
    let data = files.get(name);
    if (!data) {
      response.setHeader('X-Error-Code', 'EntryNotFound');
      return json(response, 404, { error: 'Entry not found' });
    }
    const weights = name === 'model.safetensors';
    if (weights && this.faults.damaged)
      data = Buffer.concat([data.subarray(0, -1), Buffer.from([data.at(-1)! ^ 1])]);

    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const start = Number(first ?? 0);
    const end = Math.min(Number(last ?? data.length - 1), data.length - 1);
    response.writeHead(first === undefined ? 200 : 206, {
      etag: '"x"',
      'content-length': end - start + 1,
      ...(first !== undefined && { 'content-range': `bytes ${start}-${end}/${data.length}` }),
    });
    const body = data.subarray(start, end + 1);
    const { breaksAfter, stallsAfter } = this.faults;
    if (weights && body.length > 1 && breaksAfter && breaksAfter.times > 0) {
      breaksAfter.times--;
      response.write(body.subarray(0, breaksAfter.bytes), () => setTimeout(() => response.destroy(), 20));
    } else if (weights && body.length > 1 && stallsAfter !== undefined) {
      response.write(body.subarray(0, stallsAfter));
    } else {
      response.end(body);
    }
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Sends JSON that begins with spaces. */
function sendSpaces(response: ServerResponse, status: number, bytes: number): void {
  const spaces = Buffer.alloc(2 ** 20, ' ');
  response.writeHead(status, { 'content-type': 'application/json' });
  response.flushHeaders();
  const more = () => {
    if (bytes <= 0) return void response.end('[]');
    bytes -= spaces.length;
    response.write(spaces, (error) => error ?? more());
  };
  if (!Number.isNaN(bytes)) more();
}
