import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { ApiKeys } from '../auth/api-keys.js';
import { guardRoutes, identifyClients } from '../auth/gatekeeper.js';
import { refuseForeignNames } from '../auth/host-names.js';
import type { Settings } from '../config/settings.js';
import { measureRequests } from '../metrics/http-metrics.js';
import { Instruments } from '../metrics/instruments.js';
import { traceRequests } from '../tracing/request-spans.js';
import { Tracing } from '../tracing/tracing.js';
import { protectBrowsers } from './browser-protection.js';
import { limitRates } from './rate-limits.js';
import { refuseStrayForms, takeBodies } from './request-bodies.js';
import type { RequestLines } from './request-lines.js';
import { logRequests } from './request-log.js';
import { prepareServer, refuseUnclearRequests } from './server-options.js';
import { endConnections, Shutdown } from './shutdown.js';
import { endSlowClients } from './slow-clients.js';

interface Edge {
  app: NestFastifyApplication;
  fastify: FastifyInstance;
  settings: Settings;
  keys: ApiKeys;
  /** undefined if requests are not logged. */
  lines: RequestLines | undefined;
}

type Step = (edge: Edge) => void | Promise<void>;

/**
 * The steps that every request passes before its route, in order. Fastify runs hooks of one kind in the order
 * of registration.
 */
const steps: readonly Step[] = [
  // They see every request, including those that a later step rejects.
  ({ fastify, app }) => traceRequests(fastify, app.get(Tracing)),
  ({ fastify, settings, lines }) => logRequests(fastify, settings, lines),
  ({ fastify, app }) => measureRequests(fastify, app.get(Instruments)),
  ({ fastify, settings }) => prepareServer(fastify, settings),
  ({ fastify }) => refuseUnclearRequests(fastify),
  // Before the steps that reject: a rejected client may still send as slowly as it can.
  ({ fastify, settings }) => endSlowClients(fastify, settings),
  // Before the steps that need the client's identity.
  ({ fastify, keys }) => identifyClients(fastify, keys),
  ({ app, settings }) => protectBrowsers(app, settings),
  ({ fastify, keys, settings }) => refuseForeignNames(fastify, keys, settings),
  // Before the guard, so that guesses of a key are counted.
  ({ app, settings }) => limitRates(app, settings),
  ({ fastify, keys, settings }) => guardRoutes(fastify, keys, settings),
  // From here on, the body is read.
  ({ fastify, settings }) => takeBodies(fastify, settings),
  ({ fastify }) => refuseStrayForms(fastify),
  // Last, so that its header is on every response during shutdown.
  ({ fastify, app }) => endConnections(fastify, app.get(Shutdown)),
];

/** Builds the edge of the service: see {@link steps}. */
export async function buildPipeline(
  app: NestFastifyApplication,
  settings: Settings,
  lines: RequestLines | undefined,
): Promise<void> {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  const edge = { app, fastify, settings, keys: app.get(ApiKeys), lines };
  for (const step of steps) await step(edge);
}
