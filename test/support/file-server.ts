import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A web server with one file. It can be made to misbehave. */
export class FileServer {
  /** Answers a request. */
  answer: (response: ServerResponse) => void = (response) => response.writeHead(404).end();
  /** Number of requests whose client left before the end of the answer. */
  cutOff = 0;
  requests = 0;
  readonly #server = createServer((_request, response) => {
    this.requests++;
    response.once('close', () => (this.cutOff += response.writableFinished ? 0 : 1));
    this.answer(response);
  });

  static async start(): Promise<FileServer> {
    const server = new FileServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/cola.zip`;
  }

  give(file: Uint8Array): void {
    this.answer = (response) => response.end(file);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
