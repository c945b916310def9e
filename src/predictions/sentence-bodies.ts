import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MalformedRequestError, UnsupportedMediaTypeError } from '../common/errors.js';
import { formValues } from '../api/form-values.js';
import { parseJson } from '../common/json.js';
import { urlEncodedFields } from '../api/url-encoded.js';
import { assertUtf8, decodeUtf8 } from '../common/utf8.js';
import type { WatchedBodiesConfig } from '../http/slow-clients.js';
import { PredictDto } from './dto/predict.dto.js';
import { fieldNames } from './predict-request.js';
import { streamTypes } from './streams/stream-types.js';

/** `@RouteConfig(takesSentences)` lets a route accept plain text. Every other route answers 415. */
export const takesSentences = {
  takesSentences: true,
  watchesBodies: streamTypes,
} satisfies WatchedBodiesConfig & Record<string, unknown>;

const form = 'application/x-www-form-urlencoded';

/**
 * Turns bodies that are not JSON into the equivalent JSON: plain text into `{sentence: text}`, a form into
 * its fields. `curl -d TEXT` sends every body as a form. So a form without any of the {@link fieldNames} is
 * also treated as text, and its "+" and "%20" are not decoded.
 */
@Injectable()
export class SentenceBodies implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost<FastifyAdapter>) {}

  onModuleInit(): void {
    const fastify: FastifyInstance = this.host.httpAdapter.getInstance();
    const texts = ['text/plain', form];
    // Replaces the parsers of Fastify and Nest for these types.
    fastify.removeContentTypeParser(texts);
    const parse = async (request: FastifyRequest, body: Buffer) => bodyOf(request, body);
    fastify.addContentTypeParser<Buffer>(texts, { parseAs: 'buffer' }, parse);
  }
}

function bodyOf(request: FastifyRequest, body: Buffer): Record<string, unknown> | undefined {
  if (isForSentences(request)) return asJson(request.headers['content-type']!, body);
  // For example `curl -d '' …/cancel`. An unknown route must answer 404 whatever the body.
  if (body.length === 0 || request.is404) return undefined;
  throw notUnderstood(request);
}

function asJson(contentType: string, body: Buffer): Record<string, unknown> {
  assertUtf8(contentType);
  const isForm = contentType.trimStart().toLowerCase().startsWith(form);
  const fields = isForm ? urlEncodedFields(body, fieldNames) : undefined;
  if (fields) return formValues(PredictDto, fields);
  const sentence = decodeUtf8(body, 'The sentence', { path: ['sentence'] });
  if (isJson(sentence)) {
    throw new UnsupportedMediaTypeError(
      `The body is JSON but is declared as ${isForm ? 'a form' : 'text'}. Add -H 'content-type: application/json'.`,
    );
  }
  return { sentence };
}

/** Whether a text body is really JSON with the wrong content type: no sentence is a list or an object. */
function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    parseJson(text);
    return true;
  } catch (error) {
    // JSON that is too deep or too large is still JSON.
    return !(error instanceof MalformedRequestError);
  }
}

/** Whether the route accepts sentences in other formats than JSON. */
export function isForSentences({ routeOptions }: FastifyRequest): boolean {
  return (routeOptions.config as Partial<typeof takesSentences>).takesSentences === true;
}

export function notUnderstood({ headers }: FastifyRequest): UnsupportedMediaTypeError {
  return new UnsupportedMediaTypeError(
    `${headers['content-type']} is not accepted here. Send JSON: -H 'content-type: application/json'.`,
  );
}
