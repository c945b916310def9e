import type { Readable } from 'node:stream';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { UnsupportedMediaTypeError } from '../../common/errors.js';
import { assertUtf8 } from '../../common/utf8.js';
import { isForSentences, notUnderstood } from '../sentence-bodies.js';
import { notCsv } from './sentence-columns.js';
import { streamTypes, type StreamType } from './stream-types.js';

/** An unread body of any length. */
export class SentenceStream {
  constructor(
    readonly type: StreamType,
    readonly bytes: Readable,
  ) {}
}

/**
 * Passes the two stream types unread to the routes that accept sentences. The body size limit does not apply
 * to them.
 */
@Injectable()
export class StreamBodies implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost<FastifyAdapter>) {}

  onModuleInit(): void {
    const fastify: FastifyInstance = this.host.httpAdapter.getInstance();
    fastify.addContentTypeParser(['text/csv', 'application/csv'], async (request: FastifyRequest) => {
      if (request.is404) return undefined;
      throw isForSentences(request) ? new UnsupportedMediaTypeError(notCsv) : notUnderstood(request);
    });
    for (const type of streamTypes) {
      fastify.addContentTypeParser(type, async (request: FastifyRequest, bytes: Readable) => {
        if (request.is404) return undefined;
        if (!isForSentences(request)) throw notUnderstood(request);
        assertUtf8(request.headers['content-type']!);
        return new SentenceStream(type, bytes);
      });
    }
  }
}
