import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import { problemDocumentation } from '../api/api-problems.decorator.js';
import { IDEMPOTENCY_KEY_HEADER, LONGEST_IDEMPOTENCY_KEY } from './idempotency-key.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';

const retryAfter = {
  description: 'Seconds, if a request with the same key is in progress.',
  schema: { type: 'integer', minimum: 1 },
} as const;

/**
 * Lets clients repeat a request without doing the work twice. The route must pass its answer to
 * `IdempotencyService.remember` in the transaction that stores the result. Put this decorator above
 * `ApiProblems`, because it extends its answers.
 */
export function Idempotent(): MethodDecorator {
  return applyDecorators(
    UseInterceptors(IdempotencyInterceptor),
    ApiHeader({
      name: IDEMPOTENCY_KEY_HEADER,
      required: false,
      description:
        `A key that you choose, such as a UUID: 1 to ${LONGEST_IDEMPOTENCY_KEY} visible ASCII characters. If you send the same request with the ` +
        'same key again within 24 hours, nothing is stored a second time: you get the first answer, with `Idempotent-Replayed: true`. ' +
        'Only success is remembered.',
      schema: { type: 'string', minLength: 1 },
      example: '8e03978e-40d5-43dd-bc93-6894a57f9324',
    }),
    ApiResponse({
      status: 409,
      ...problemDocumentation(409, `A request with the same \`${IDEMPOTENCY_KEY_HEADER}\` is in progress.`),
      headers: { 'Retry-After': retryAfter },
    }),
    ApiResponse({
      status: 422,
      ...problemDocumentation(422, `\`${IDEMPOTENCY_KEY_HEADER}\` was already used for another request.`),
    }),
  );
}
