import type { SecurityHeadersOptions } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, RouteOptions } from 'fastify';
import type { Settings } from '../config/settings.js';

/** Headers of answers that a page of another site may read. */
const EXPOSED_HEADERS = [
  'ETag',
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

/** Swagger UI: scripts of its own alone, and styles also in the page, as it writes them. */
const POLICY_OF_PAGES = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join(';');

/** Part of a route's Fastify configuration. */
interface PagesConfig {
  showsPages?: boolean;
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

/** To be called on the routes that show pages, as they are made. */
export function allowPages(route: RouteOptions): void {
  route.config = Object.assign(route.config ?? {}, { showsPages: true } satisfies PagesConfig);
}

function letPagesWork(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ routeOptions }, { raw }, done) => {
    const { showsPages } = routeOptions.config as PagesConfig;
    if (showsPages) raw.setHeader('content-security-policy', POLICY_OF_PAGES);
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
