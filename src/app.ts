import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module.js';
import { fastifyProblem, ProblemDetailsFilter } from './api/problem-details.filter.js';
import { sendProblem } from './api/problem-details.js';
import { REQUEST_ID_HEADER } from './api/request-identity.js';
import { ServiceLogger } from './logging/service-logger.js';
import { RouteTable } from './api/route-table.js';
import { StrictValidationPipe } from './api/validation.js';
import type { Settings } from './config/settings.js';
import { serveDocument } from './documentation.js';
import { buildPipeline } from './http/pipeline.js';
import { JsonRequestLines, TextRequestLines } from './http/request-lines.js';
import { serverOptions } from './http/server-options.js';
import { PageFiles } from './page/page-files.js';

export interface AppOptions {
  /** Whether only errors are logged. */
  quiet?: boolean;
  /** Additional modules. */
  modules?: Type[];
}

/** Creates the whole service, ready to listen. */
export async function createApp(
  settings: Settings,
  { quiet = false, modules = [] }: AppOptions = {},
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    ...serverOptions(settings),
    multipart: { limits: { parts: 60 } },
    // The router answers a malformed address itself, before any filter.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      reply.hijack();
      sendProblem(reply.raw, request.url, fastifyProblem(error, request), {
        [REQUEST_ID_HEADER]: request.id,
      });
    },
  });
  const routes = new RouteTable(adapter.getInstance());
  const json = logsJson(settings);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(settings, modules), adapter, {
    logger: quiet
      ? ['error', 'fatal']
      : new ServiceLogger({ json, colors: showsColors(), level: settings.logLevel }),
    // The pipeline installs its own body parsers.
    bodyParser: false,
    abortOnError: false,
  });
  app.useGlobalPipes(new StrictValidationPipe());
  app.useGlobalFilters(new ProblemDetailsFilter(routes));
  const lines = json ? new JsonRequestLines(settings.logLevel) : new TextRequestLines();
  await buildPipeline(app, settings, quiet ? undefined : lines);
  serveDocument(app);
  app.get(PageFiles).serve(adapter.getInstance());
  return app;
}

/** Whether to log JSON. By default, logs are JSON unless a terminal shows them. */
function logsJson({ logFormat }: Settings): boolean {
  return logFormat === 'json' || (logFormat === 'auto' && !process.stdout.isTTY);
}

function showsColors(): boolean {
  // Without a terminal, isTTY is undefined, not false. Given undefined, Nest would colour.
  return process.stdout.isTTY === true && !process.env.NO_COLOR;
}
