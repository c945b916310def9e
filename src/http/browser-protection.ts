import type { SecurityHeadersOptions } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { Settings } from '../config/settings.js';

/** Response headers that a page of another site may read. */
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

/** An API response is not a page. If a browser shows one anyway, nothing in it may run, load or be framed. */
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
  // The service speaks plain HTTP. A proxy with TLS knows its host names and sets this header.
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
};

/** Part of the Fastify configuration of a route with pages: what these may load and run. */
export interface PagesConfig {
  policy?: string;
}

/** A Content-Security-Policy that only allows these directives. */
export function withPolicy(...directives: string[]): string {
  return [
    "default-src 'none'",
    ...directives,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join(';');
}

/** Tells browsers what they may do with responses, and rejects changes that pages of other sites attempt. */
export function protectBrowsers(app: NestFastifyApplication, { corsOrigins }: Settings): void {
  const everybody = corsOrigins.includes('*');
  if (corsOrigins.length > 0) {
    app.enableCors({
      origin: everybody ? '*' : [...corsOrigins],
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: 600,
    });
  }
  // Forms need no CORS. Without this, any page could upload to a service on the reader's machine.
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

/** Proxies recognise private responses by `Authorization`, but not by `X-API-Key`. */
function keepOutOfCaches(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    done(null, payload);
  });
}
