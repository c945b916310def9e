import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module.js';
import { ApiKeys } from './auth/api-keys.js';
import { guardRoutes, identifyClients } from './auth/gatekeeper.js';
import { UnsupportedMediaTypeError } from './common/errors.js';
import { type takesForm } from './common/multipart.js';
import { ProblemDetailsFilter } from './common/problem-details.filter.js';
import { PROBLEM_MEDIA_TYPE, problemOfStatus } from './common/problem-details.js';
import { ServiceLogger } from './common/service-logger.js';
import { RouteTable } from './common/route-table.js';
import { StrictValidationPipe } from './common/validation.js';
import type { Settings } from './config/settings.js';
import { serveDocument } from './documentation.js';
import { protectBrowsers } from './http/browser-protection.js';
import { limitRates } from './http/rate-limits.js';
import { limitConnections, serverOptions } from './http/server-options.js';
import { endSlowClients } from './http/slow-clients.js';

/** Makes the whole service, ready to listen. */
export async function createApp(settings: Settings, { quiet = false } = {}): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    ...serverOptions(settings),
    multipart: { limits: { fields: 50, parts: 60, fieldSize: 64 * 1024 } },
    // The router answers a malformed address itself, before any filter could.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      const status = error.statusCode ?? 400;
      const problem = problemOfStatus(
        status,
        `${error.message}. Encode special characters of the address as %XX.`,
      );
      void reply
        .status(status)
        .header('content-type', PROBLEM_MEDIA_TYPE)
        .send({ ...problem, instance: request.url });
    },
  });
  const routes = new RouteTable(adapter.getInstance());
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(settings), adapter, {
    logger: quiet
      ? ['error', 'fatal']
      : new ServiceLogger({ json: settings.logFormat === 'json', colors: process.stdout.isTTY }),
    // Fastify's own JSON parser does; a form that is not multipart is no body for anything but a sentence.
    bodyParser: false,
    abortOnError: false,
  });
  app.useGlobalPipes(new StrictValidationPipe());
  app.useGlobalFilters(new ProblemDetailsFilter(routes));
  await protect(app, settings);
  refuseStrayForms(adapter.getInstance());
  endConnections(adapter.getInstance());
  serveDocument(app);
  return app;
}

/** Hooks run in this order, before anything of a body is read. */
async function protect(app: NestFastifyApplication, settings: Settings): Promise<void> {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const keys = app.get(ApiKeys);
  limitConnections(fastify, settings);
  identifyClients(fastify, keys);
  protectBrowsers(app, settings);
  endSlowClients(fastify, settings);
  await limitRates(app, settings);
  guardRoutes(fastify, keys, settings);
}

function refuseStrayForms(fastify: FastifyInstance): void {
  fastify.addHook('preValidation', (request, _reply, done) => {
    const config = request.routeOptions.config as Partial<typeof takesForm>;
    const stray = request.isMultipart() && !config.takesForm && !request.is404;
    done(
      stray
        ? new UnsupportedMediaTypeError('A form is not understood here. Send JSON: see /docs.')
        : undefined,
    );
  });
}

/** How long requests that are under way may take once the service has been asked to end. */
const GRACE_MS = 10_000;

/**
 * Node closes the connections that are idle when a server is closed, and waits a keep-alive time (over a minute) for those
 * that become idle later, and for ever for those that never do.
 */
function endConnections(fastify: FastifyInstance): void {
  fastify.addHook('preClose', (done) => {
    const { server } = fastify;
    if (!server.listening) return done();
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    const all = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.once('close', () => {
      clearInterval(idle);
      clearTimeout(all);
    });
    done();
  });
}
