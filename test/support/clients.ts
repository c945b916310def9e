import { type Agent, request, type IncomingMessage } from 'node:http';

/** Result of one request. */
export interface Answer {
  /** HTTP status; 0 if there was no answer. */
  status: number;
  /** The `connection` header. */
  connection: string | undefined;
  /** The body, or the error if there was no answer. */
  text: string;
  /** Time of sending and time of the complete answer, on the clock of `performance.now()`. */
  sentAt: number;
  doneAt: number;
}

export interface Asking {
  method?: string;
  body?: string | Buffer;
  headers?: Record<string, string>;
  agent?: Agent;
}

/** Sends a request exactly once, while `fetch` may repeat some. Never rejects. */
export function ask(url: string, { method = 'GET', body, headers, agent }: Asking = {}): Promise<Answer> {
  const sentAt = performance.now();
  return new Promise((resolve) => {
    const end = (status: number, text: string, response?: IncomingMessage) =>
      resolve({
        status,
        text,
        connection: response?.headers.connection,
        sentAt,
        doneAt: performance.now(),
      });
    const sent = request(url, { method, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => end(response.statusCode!, Buffer.concat(chunks).toString(), response));
      response.on('error', (error) => end(0, `the answer broke off: ${error.message}`));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => end(0, `${error.code ?? ''} ${error.message}`));
    sent.end(body);
  });
}

/** Returns a form with one file, as bytes. */
export function formBytes(
  content: string,
  fields: Record<string, string> = {},
): { body: Buffer; headers: Record<string, string> } {
  const boundary = 'a-boundary-that-is-in-no-sentence';
  const part = (head: string, text: string) =>
    `--${boundary}\r\ncontent-disposition: form-data; ${head}\r\n\r\n${text}\r\n`;
  const text =
    Object.entries(fields)
      .map(([name, value]) => part(`name="${name}"`, value))
      .join('') +
    part('name="file"; filename="rows.tsv"', content) +
    `--${boundary}--\r\n`;
  return {
    body: Buffer.from(text),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}
