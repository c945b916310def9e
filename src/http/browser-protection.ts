import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
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
];

/** An answer of the API is no page: should a browser take it for one, nothing in it runs, loads or is framed. */
const options: FastifyHelmetOptions = {
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
const pages = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
};

/** Tells browsers what they may do with answers, and refuses what pages of other sites try to change. */
export async function protectBrowsers(app: NestFastifyApplication, { corsOrigins }: Settings): Promise<void> {
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
  await app.register(helmet, options);
  keepOutOfCaches(app.getHttpAdapter().getInstance());
}

/** To be called on the routes that show pages, as they are made. */
export function allowPages(route: RouteOptions): void {
  route.config = Object.assign(route.config ?? {}, { helmet: pages });
}

/** Proxies know by `Authorization` what is not for others, but not by `X-API-Key`. */
function keepOutOfCaches(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    done(null, payload);
  });
}
