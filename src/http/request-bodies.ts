import type { IncomingMessage } from 'node:http';
import { Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { NotFoundException } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MalformedRequestError, PayloadTooLargeError, UnsupportedMediaTypeError } from '../common/errors.js';
import { parseJson } from '../common/json.js';
import { MOST_FILES, type takesForm } from '../api/multipart.js';
import { assertUtf8, decodeUtf8 } from '../common/utf8.js';
import type { Settings } from '../config/settings.js';
import { hasBody, isWatchedByRoute } from './slow-clients.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The decompressed body, for routes that read the request themselves; null if it is not compressed. */
    unpacked: Readable | null;
  }
}

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

const ACCEPTED = 'gzip, deflate, br';

/** For what else may be in a form than its files. */
const ROOM_FOR_FIELDS = 2 ** 24;

/**
 * Configures how the bodies of all routes are read. They are decompressed and parsed as JSON, except forms
 * and the route that takes sentences.
 */
export function takeBodies(fastify: FastifyInstance, { maxUploadBytes }: Settings): void {
  fastify.decorateRequest('unpacked', null);
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    if (!hasBody(request)) return done(null, payload);
    // An unknown route answers 404, whatever its body.
    if (request.is404) return done(new NotFoundException());
    const coding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
    if (coding === '' || coding === 'identity') return done(null, payload);
    const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding]!() : undefined;
    if (!decoder) {
      reply.header('accept-encoding', ACCEPTED);
      return done(
        new UnsupportedMediaTypeError(
          `The content coding ${coding} is not supported. Compress the body with one of ${ACCEPTED}, or not at all.`,
        ),
      );
    }
    const limit = isWatchedByRoute(request)
      ? Infinity
      : /^multipart\//i.test(request.headers['content-type'] ?? '')
        ? MOST_FILES * maxUploadBytes + ROOM_FOR_FIELDS
        : request.routeOptions.bodyLimit!;
    const unpacked = unpack(request.raw, decoder, { coding, limit });
    reply.raw.once('close', () => unpacked.destroy());
    request.unpacked = unpacked;
    done(null, unpacked);
  });
  fastify.removeContentTypeParser('application/json');
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => jsonOf(request, body),
  );
}

/** Rejects forms if the route takes none. */
export function refuseStrayForms(fastify: FastifyInstance): void {
  fastify.addHook('preValidation', (request, _reply, done) => {
    const config = request.routeOptions.config as Partial<typeof takesForm>;
    const stray = request.isMultipart() && !config.takesForm && !request.is404;
    done(
      stray
        ? new UnsupportedMediaTypeError('This route does not accept forms. Send JSON: see /docs.')
        : undefined,
    );
  });
}

function jsonOf({ headers }: FastifyRequest, body: Buffer): unknown {
  assertUtf8(headers['content-type']!);
  if (body.length === 0) {
    throw new MalformedRequestError(
      'The body is empty, though its content type is application/json. Send a JSON object, or no content type.',
    );
  }
  return parseJson(decodeUtf8(body));
}

interface Packing {
  coding: string;
  /** Maximum decompressed size in bytes. */
  limit: number;
}

/** Reads on demand only: nothing before it is read from, and no more than is consumed. */
function unpack(raw: IncomingMessage, decoder: Transform, packing: Packing): Readable {
  const unpacked = Readable.from(unpackedChunks(raw, decoder, packing), { objectMode: false });
  // The reader sees errors. Without a reader they must not end the process.
  unpacked.on('error', () => undefined);
  return Object.defineProperties(unpacked, {
    // Fastify compares it with Content-Length.
    receivedEncodedLength: { get: () => (decoder as Transform & { bytesWritten: number }).bytesWritten },
    // The form parser reads them from the request.
    headers: { value: raw.headers },
  });
}

async function* unpackedChunks(
  raw: IncomingMessage,
  decoder: Transform,
  { coding, limit }: Packing,
): AsyncGenerator<Buffer, void> {
  // A pipe does not end when its source breaks off.
  raw.once('close', () => raw.complete || decoder.destroy());
  raw.pipe(decoder);
  let bytes = 0;
  try {
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limit) {
        throw new PayloadTooLargeError(
          `The body unpacks to more than ${limit} bytes. Send less at once, or raise the limit: docs/configuration.md has it.`,
        );
      }
      yield chunk;
    }
  } catch (error) {
    if (error instanceof PayloadTooLargeError || raw.aborted) throw error;
    throw new MalformedRequestError(
      `The body does not match its Content-Encoding, ${coding} (${(error as Error).message}). Compress the body, or leave the header out.`,
    );
  } finally {
    // The decoder is gone. The rest of the request is dropped, so that the connection can be reused.
    raw.unpipe(decoder).resume();
  }
}
