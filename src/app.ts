import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module.js';
import { ApiKeys } from './auth/api-keys.js';
import { guardRoutes, identifyClients } from './auth/gatekeeper.js';
import { refuseForeignNames } from './auth/host-names.js';
import { UnsupportedMediaTypeError } from './common/errors.js';
import { type takesForm } from './common/multipart.js';
import { fastifyProblem, ProblemDetailsFilter } from './common/problem-details.filter.js';
import { sendProblem } from './common/problem-details.js';
import { REQUEST_ID_HEADER } from './common/request-identity.js';
import { ServiceLogger } from './common/service-logger.js';
import { RouteTable } from './common/route-table.js';
import { StrictValidationPipe } from './common/validation.js';
import type { Settings } from './config/settings.js';
import { serveDocument } from './documentation.js';
import { protectBrowsers } from './http/browser-protection.js';
import { limitRates } from './http/rate-limits.js';
import { JsonRequestLines, TextRequestLines } from './http/request-lines.js';
import { takeBodies } from './http/request-bodies.js';
import { logRequests } from './http/request-log.js';
import { prepareServer, refuseUnclearRequests, serverOptions } from './http/server-options.js';
import { endConnections, Shutdown } from './http/shutdown.js';
import { endSlowClients } from './http/slow-clients.js';
import { measureRequests } from './metrics/http-metrics.js';
import { Instruments } from './metrics/instruments.js';
import { PageFiles } from './page/page-files.js';
import { traceRequests } from './tracing/request-spans.js';
import { Tracing } from './tracing/tracing.js';

/** Makes the whole service, ready to listen. */
export async function createApp(settings: Settings, { quiet = false } = {}): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    ...serverOptions(settings),
    multipart: { limits: { parts: 60 } },
    // The router answers a malformed address itself, before any filter could.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      reply.hijack();
      sendProblem(reply.raw, request.url, fastifyProblem(error, request), {
        [REQUEST_ID_HEADER]: request.id,
      });
    },
  });
  const routes = new RouteTable(adapter.getInstance());
  const json = logsJson(settings);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(settings), adapter, {
    logger: quiet
      ? ['error', 'fatal']
      : new ServiceLogger({ json, colors: showsColors(), level: settings.logLevel }),
    // `takeBodies` has the parsers.
    bodyParser: false,
    abortOnError: false,
  });
  app.useGlobalPipes(new StrictValidationPipe());
  app.useGlobalFilters(new ProblemDetailsFilter(routes));
  traceRequests(adapter.getInstance(), app.get(Tracing));
  const lines = json ? new JsonRequestLines(settings.logLevel) : new TextRequestLines();
  logRequests(adapter.getInstance(), settings, quiet ? undefined : lines);
  await protect(app, settings);
  takeBodies(adapter.getInstance(), settings);
  refuseStrayForms(adapter.getInstance());
  endConnections(adapter.getInstance(), app.get(Shutdown));
  serveDocument(app);
  app.get(PageFiles).serve(adapter.getInstance());
  return app;
}

/** Machines read what no terminal shows. */
function logsJson({ logFormat }: Settings): boolean {
  return logFormat === 'json' || (logFormat === 'auto' && !process.stdout.isTTY);
}

function showsColors(): boolean {
  // Undefined, not false, where it is none: Nest would then colour.
  return process.stdout.isTTY === true && !process.env.NO_COLOR;
}

/** Hooks run in this order, before anything of a body is read. */
async function protect(app: NestFastifyApplication, settings: Settings): Promise<void> {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const keys = app.get(ApiKeys);
  // First, so that what is refused counts too.
  measureRequests(fastify, app.get(Instruments));
  prepareServer(fastify, settings);
  refuseUnclearRequests(fastify);
  // Before what refuses: who was refused may go on sending, as slowly as can be.
  endSlowClients(fastify, settings);
  identifyClients(fastify, keys);
  protectBrowsers(app, settings);
  refuseForeignNames(fastify, keys, settings);
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
