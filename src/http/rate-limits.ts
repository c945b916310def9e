import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isForMonitoring } from '../auth/gatekeeper.js';
import { TooManyRequestsError } from '../common/errors.js';
import type { Settings } from '../config/settings.js';

const WINDOW_SECONDS = 60;

/**
 * Counts requests by key, or by address without a key, in windows of a minute. Headers follow the IETF draft
 * (draft-ietf-httpapi-ratelimit-headers-10). `/health` and `/metrics` are not counted.
 */
export async function limitRates(app: NestFastifyApplication, { rateLimit: max }: Settings): Promise<void> {
  if (max === 0) return;
  await app.register(rateLimit, { global: false });
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const newLimiter = () =>
    fastify.createRateLimit({ max, timeWindow: WINDOW_SECONDS * 1000, keyGenerator: clientOf });
  let limiter = newLimiter();
  fastify.addHook('onRequest', async (request, reply) => {
    if (isForMonitoring(request)) return;
    let count = await limiter(request);
    // The clock was set back. No client has to wait until it catches up.
    if (!count.isAllowed && count.ttl > WINDOW_SECONDS * 1000) {
      limiter = newLimiter();
      count = await limiter(request);
    }
    if (count.isAllowed) return;
    tell(reply, max, count);
    if (count.isExceeded) {
      const who = request.apiKey ? `The key ${request.apiKey.name}` : 'This address';
      throw new TooManyRequestsError(
        `${who} may send ${max} requests per minute. Try again in ${count.ttlInSeconds} s.`,
        count.ttlInSeconds,
      );
    }
  });
}

/** An IPv6 network of 64 bits counts as one address. */
function clientOf(request: FastifyRequest): string {
  return request.apiKey ? `key ${request.apiKey.name}` : `address ${normalizeIP(request.ip, 64)}`;
}

/** On the raw response, so that streams have them too. */
function tell(
  { raw }: FastifyReply,
  max: number,
  { remaining, ttlInSeconds }: { remaining: number; ttlInSeconds: number },
): void {
  raw.setHeader('ratelimit-policy', `"default";q=${max};w=${WINDOW_SECONDS}`);
  raw.setHeader('ratelimit', `"default";r=${remaining};t=${ttlInSeconds}`);
}
