import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { finalize, of, type Observable } from 'rxjs';
import { FormDigest } from '../api/form-digest.js';
import { digestForm } from '../api/multipart.js';
import { routeOf } from '../api/request-identity.js';
import type {} from '../auth/gatekeeper.js';
import { IdempotencyKeyReusedError } from '../common/errors.js';
import { Settings } from '../config/settings.js';
import { Instruments } from '../metrics/instruments.js';
import { idempotencyKeyOf } from './idempotency-key.js';
import { IdempotencyService } from './idempotency.service.js';
import { fingerprintOf } from './request-fingerprint.js';
import type { StoredAnswer } from './stored-answers.repository.js';

/** Marks a repeated answer. Stripe uses this name. */
export const REPLAYED_HEADER = 'Idempotent-Replayed';

/** Answers a request with a known key in place of its route. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly idempotency: IdempotencyService,
    private readonly instruments: Instruments,
    private readonly settings: Settings,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const key = idempotencyKeyOf(request.headers);
    if (key === undefined) return next.handle();
    const path = routeOf(request)!;
    const route = `${request.method} ${path}`;
    const client = request.apiKey?.name ?? '';
    if (request.isMultipart()) request.formDigest = new FormDigest();
    const answer = await this.idempotency.begin(request, { client, route, key });
    if (!answer) return next.handle().pipe(finalize(() => this.idempotency.end(request)));
    await this.compare(request, answer);
    this.instruments.http.replays.inc({ route: path });
    const reply = http.getResponse<FastifyReply>();
    void reply.status(answer.status).header('location', answer.location).header(REPLAYED_HEADER, 'true');
    return of(answer.body);
  }

  private async compare(request: FastifyRequest, { fingerprint }: StoredAnswer): Promise<void> {
    if (request.isMultipart()) await digestForm(request, this.settings.maxUploadBytes);
    if (fingerprintOf(request) !== fingerprint) throw new IdempotencyKeyReusedError();
  }
}
