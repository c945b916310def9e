import { lookup, type LookupAddress } from 'node:dns';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { hostOf, isPublicAddress } from '../common/public-address.js';

/** Timeout for the whole exchange in milliseconds: looking up the host, connecting, sending, and reading the answer. */
const PATIENCE = 15_000;

/** The maximum number of bytes that are read of an answer's body. */
const LONGEST_ANSWER = 1024;

export interface PostOptions {
  /** Whether private addresses are allowed. */
  allowPrivate: boolean;
  signal?: AbortSignal;
  /** Milliseconds. */
  patience?: number;
  /** Returns all addresses of a host. For an address it returns that address. */
  resolve?: (host: string) => Promise<LookupAddress[]>;
}

export interface Answer {
  status: number;
  /** Beginning of the body. */
  body: string;
  retryAfter: string | undefined;
}

/** Nothing was sent because the address is not public. */
export class PrivateAddressError extends Error {}

/**
 * Sends JSON and returns the answer, whatever its status. A redirect is returned like any other answer. The
 * host's addresses are looked up once and checked, and the connection goes to one of them. So the check holds
 * even if the name changes its meaning a moment later. For the same reason, proxies of the environment are
 * not used.
 * @throws Error that says why there is no answer
 */
export async function post(
  url: URL,
  headers: Record<string, string>,
  body: string,
  { allowPrivate, signal, patience = PATIENCE, resolve = allAddresses }: PostOptions,
): Promise<Answer> {
  const late = AbortSignal.timeout(patience);
  const ends = signal ? AbortSignal.any([late, signal]) : late;
  try {
    const addresses = await untilAborted(resolve(hostOf(url)), ends);
    return await exchange(url, headers, body, allowPrivate ? addresses : publicAmong(addresses, url), ends);
  } catch (error) {
    if (error instanceof PrivateAddressError || signal?.aborted) throw error;
    if (late.aborted)
      throw new Error(`${url.hostname} did not answer within ${patience / 1000} s.`, { cause: error });
    throw new Error(`${url.hostname} could not be reached: ${told(error as NodeJS.ErrnoException)}.`, {
      cause: error,
    });
  }
}

/** @throws PrivateAddressError if there is none */
export function publicAmong(addresses: readonly LookupAddress[], url: URL): LookupAddress[] {
  const found = addresses.filter(({ address }) => isPublicAddress(address));
  if (found.length > 0) return found;
  const address = addresses[0]?.address;
  const is = address === hostOf(url) ? address : `${url.hostname} is ${address}, which`;
  throw new PrivateAddressError(
    `Nothing was sent: ${is} is not a public address. Set WELLFORMED_WEBHOOK_ALLOW_PRIVATE=true if the service may send ` +
      'to private addresses.',
  );
}

function exchange(
  url: URL,
  headers: Record<string, string>,
  body: string,
  addresses: readonly LookupAddress[],
  signal: AbortSignal,
): Promise<Answer> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      headers,
      agent: false,
      lookup: givenAddresses(addresses),
      signal,
    } as const;
    const sent = request(url, options, (response) => {
      // From here on, an error affects only the body.
      sent.off('error', reject).on('error', () => undefined);
      void beginningOf(response).then((text) => {
        sent.destroy();
        const { statusCode, headers: told } = response;
        resolve({ status: statusCode!, body: text, retryAfter: told['retry-after'] });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/**
 * Reads a body up to a limit. If the connection breaks, it returns what has arrived, because the status
 * already counts.
 */
async function beginningOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= LONGEST_ANSWER) break;
    }
  } catch {
    // The connection broke. Keep what has arrived.
  }
  return Buffer.concat(chunks).subarray(0, LONGEST_ANSWER).toString();
}

const lookupAll = promisify(lookup);

function allAddresses(host: string): Promise<LookupAddress[]> {
  return lookupAll(host, { all: true });
}

function givenAddresses(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, { all }, callback) => {
    if (all) callback(null, [...addresses]);
    else callback(null, addresses[0]!.address, addresses[0]!.family);
  };
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function told({ code, message }: NodeJS.ErrnoException): string {
  const known: Record<string, string> = {
    ENOTFOUND: 'there is no such host',
    EAI_AGAIN: 'the name server does not answer',
    ECONNREFUSED: 'it refused the connection',
    ECONNRESET: 'it closed the connection without an answer',
  };
  return known[code ?? ''] ?? (message || (code ?? 'for an unknown reason'));
}
