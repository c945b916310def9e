import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Injectable, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, StalledError } from '../../common/errors.js';
import { problemOfDomainError, unexpectedProblem } from '../../api/problem-details.js';
import type { ProblemDetails } from '../../api/problem-details.dto.js';
import { fieldsOf, REQUEST_ID_HEADER } from '../../api/request-identity.js';
import { Settings } from '../../config/settings.js';
import { clientGone } from '../client-gone.js';
import type { ModelChoice } from '../judging-rule.js';
import { judgementLines, type JudgedLine, type JudgementLines } from './judgement-lines.js';
import { eventOf } from './event-of.js';
import type { SentenceStream } from './stream-bodies.js';
import { answerType } from './stream-types.js';
import { StreamsService, type JudgedStream } from './streams.service.js';

/** Time that a client gets to read the last line of an incomplete answer, in milliseconds. */
const FAREWELL = 5000;

/** Answers a stream of sentences with a stream of judgements, as fast as the client reads them. */
@Injectable()
export class StreamAnswer {
  private readonly logger = new Logger(StreamAnswer.name);

  constructor(
    private readonly streams: StreamsService,
    private readonly settings: Settings,
  ) {}

  /**
   * Until the first line is judged, errors are thrown and the client gets an ordinary problem. After that,
   * the answer ends with a line that reports the error, and the connection breaks off, so that the answer
   * does not look complete.
   */
  async send(
    stream: SentenceStream,
    { logits = false, ...choice }: ModelChoice & { logits?: boolean },
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const leaving = new AbortController();
    const signal = AbortSignal.any([clientGone(reply), leaving.signal]);
    const type = answerType(request.headers.accept, stream.type);
    const lines = judgementLines(type, logits);
    try {
      const { model, judged } = await this.streams.judge(stream, { ...choice, signal });
      const first = await judged.next();
      request.logFields = { modelId: model.id };
      reply.hijack();
      reply.raw.writeHead(200, {
        'content-type': `${type}; charset=utf-8`,
        [REQUEST_ID_HEADER]: request.id,
        'wellformed-model': model.id,
        'wellformed-precision': model.rule.precision,
      });
      await this.write(reply.raw, lines, first, judged, signal);
    } catch (error) {
      if (reply.raw.headersSent) this.breakOff(error, lines, request, reply, signal);
      else {
        // Its body would keep the connection open for ever.
        if (error instanceof StalledError) reply.raw.once('finish', () => hangUp(request.raw.socket));
        throw error;
      }
    } finally {
      leaving.abort();
    }
  }

  private async write(
    response: ServerResponse,
    lines: JudgementLines,
    first: IteratorResult<JudgedLine[], void>,
    judged: JudgedStream['judged'],
    signal: AbortSignal,
  ): Promise<void> {
    const limits = { milliseconds: this.settings.predictStreamIdle, signal };
    if (lines.header !== '') response.write(lines.header);
    for (let next = first; !next.done; next = await judged.next()) {
      const isTaken = response.write(next.value.map((line) => lines.write(line)).join(''));
      if (!isTaken) await eventOf(response, ['drain'], limits);
    }
    response.end();
  }

  private breakOff(
    error: unknown,
    lines: JudgementLines,
    request: FastifyRequest,
    reply: FastifyReply,
    signal: AbortSignal,
  ): void {
    if (signal.aborted) return;
    const problem = { ...this.problemOf(error, request), instance: request.url.split('?', 1)[0]! };
    reply.raw.write(lines.writeFailure(problem));
    // Drop further data. Unread data would reset the connection and lose the last line.
    request.raw.unpipe().resume();
    hangUp(request.raw.socket);
  }

  private problemOf(error: unknown, request: FastifyRequest): Omit<ProblemDetails, 'instance'> {
    if (error instanceof DomainError) return problemOfDomainError(error);
    const problem = unexpectedProblem();
    this.logger.error(
      `A stream broke off (${problem.errorId})`,
      { ...fieldsOf(request), errorId: problem.errorId },
      error instanceof Error ? error.stack : String(error),
    );
    return problem;
  }
}

/** Ends a connection once everything written is sent, without the mark of a complete answer. */
function hangUp(socket: Socket): void {
  socket.end();
  const timer = setTimeout(() => socket.destroy(), FAREWELL);
  socket.once('close', () => clearTimeout(timer));
}
