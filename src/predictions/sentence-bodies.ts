import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MalformedRequestError, UnsupportedMediaTypeError } from '../common/errors.js';
import { parseJson } from '../common/json.js';
import { assertUtf8, decodeUtf8 } from '../common/utf8.js';
import type { PatienceConfig } from '../http/slow-clients.js';
import { streamTypes } from './streams/stream-types.js';

/** `@RouteConfig(takesSentences)` on a route lets it take plain text; every other route answers 415 to it. */
export const takesSentences = { takesSentences: true, watchesBodies: streamTypes } satisfies PatienceConfig &
  Record<string, unknown>;

const form = 'application/x-www-form-urlencoded';

/**
 * Makes a body that is plain text into `{sentence: text}`, what the same sentence would be in JSON. `curl -d TEXT` calls its
 * body a form whatever it holds, so a form is taken as it stands too: no "+" or "%20" in it is decoded, since a percent sign in
 * a sentence means a percent sign.
 */
@Injectable()
export class SentenceBodies implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost<FastifyAdapter>) {}

  onModuleInit(): void {
    const fastify: FastifyInstance = this.host.httpAdapter.getInstance();
    const texts = ['text/plain', form];
    // In place of what Fastify and Nest have for these types.
    fastify.removeContentTypeParser(texts);
    const parse = async (request: FastifyRequest, body: Buffer) => bodyOf(request, body);
    fastify.addContentTypeParser<Buffer>(texts, { parseAs: 'buffer' }, parse);
  }
}

function bodyOf(request: FastifyRequest, body: Buffer): { sentence: string } | undefined {
  if (isForSentences(request)) return { sentence: sentenceOf(request, body) };
  // Such as `curl -d '' …/cancel`; and an unknown route is to be called so whatever the body.
  if (body.length === 0 || request.is404) return undefined;
  throw notUnderstood(request);
}

/** Whether the route is one that takes sentences in other forms than JSON. */
export function isForSentences({ routeOptions }: FastifyRequest): boolean {
  return (routeOptions.config as Partial<typeof takesSentences>).takesSentences === true;
}

export function notUnderstood({ headers }: FastifyRequest): UnsupportedMediaTypeError {
  return new UnsupportedMediaTypeError(
    `${headers['content-type']} is not understood here. Send JSON: -H 'content-type: application/json'.`,
  );
}

function sentenceOf(request: FastifyRequest, body: Buffer): string {
  const contentType = request.headers['content-type'] ?? '';
  assertUtf8(contentType);
  const text = decodeUtf8(body, 'The sentence', { pointer: '#/sentence' });
  if (contentType.startsWith(form) && isJsonRequest(text)) {
    throw new UnsupportedMediaTypeError(
      "The body looks like JSON but is declared as a form. Add -H 'content-type: application/json'.",
    );
  }
  return text;
}

/** Whether somebody forgot to say that this is JSON. */
function isJsonRequest(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false;
  try {
    const body = parseJson(text) as object;
    return 'sentence' in body || 'sentences' in body || 'pairs' in body;
  } catch (error) {
    // Too much of it is JSON nevertheless.
    return !(error instanceof MalformedRequestError);
  }
}
