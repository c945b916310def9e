import type { SecurityHeadersOptions } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { Settings } from '../config/settings.js';

/** Headers of answers that a page of another site may read. */
const EXPOSED_HEADERS = [
  'ETag',
  'Idempotent-Replayed',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Server-Timing',
  'Wellformed-Model',
  'Wellformed-Precision',
  'X-Request-Id',
];

/** An answer of the API is no page: should a browser take it for one, nothing in it runs, loads or is framed. */
const options: SecurityHeadersOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  // The service speaks plain HTTP: whoever puts TLS before it knows for which names, and sets this there.
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
};

/** Part of the Fastify configuration of a route that shows pages: what these may load and run. */
export interface PagesConfig {
  policy?: string;
}

/** A Content-Security-Policy that allows nothing but these directives. */
export function withPolicy(...directives: string[]): string {
  return [
    "default-src 'none'",
    ...directives,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join(';');
}

/** Tells browsers what they may do with answers, and refuses what pages of other sites try to change. */
export function protectBrowsers(app: NestFastifyApplication, { corsOrigins }: Settings): void {
  const everybody = corsOrigins.includes('*');
  if (corsOrigins.length > 0) {
    app.enableCors({
      origin: everybody ? '*' : [...corsOrigins],
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: 600,
    });
  }
  // Forms need no CORS: without this, any page could upload to a service on the reader's own machine.
  app.enableCsrfProtection(everybody ? { exclude: () => true } : { trustedOrigins: [...corsOrigins] });
  app.useSecurityHeaders(options);
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  letPagesWork(fastify);
  keepOutOfCaches(fastify);
}

function letPagesWork(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ routeOptions }, { raw }, done) => {
    const { policy } = routeOptions.config as PagesConfig;
    if (policy !== undefined) raw.setHeader('content-security-policy', policy);
    done();
  });
}

/** Proxies know by `Authorization` what is not for others, but not by `X-API-Key`. */
function keepOutOfCaches(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    done(null, payload);
  });
}
