import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { hostNameCheck, refusal } from '../auth/host-names.js';
import { pathOf, problemOfStatus, sendProblem, unexpectedProblem } from '../api/problem-details.js';
import { answerBrokenRequest, answerInPlaceOfNode } from '../api/protocol-problems.js';
import { SettingsError } from '../config/read-settings.js';
import { Settings } from '../config/settings.js';
import { MetricsPage } from './metrics-page.js';

/**
 * Serves `/metrics` on a separate port, if the settings name one. A network rule can then open this port for
 * Prometheus only.
 */
@Injectable()
export class MetricsServer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(MetricsServer.name);
  private server: Server | undefined;

  private readonly mayAnswer: (host: string | undefined) => boolean;

  constructor(
    private readonly page: MetricsPage,
    private readonly settings: Settings,
  ) {
    // This port needs no key.
    this.mayAnswer = hostNameCheck(settings, false);
  }

  /** @throws SettingsError if the port cannot be opened */
  async onApplicationBootstrap(): Promise<void> {
    const { host, metricsPort } = this.settings;
    if (metricsPort === 'none') return;
    const timeouts = { requestTimeout: 10_000, headersTimeout: 10_000 };
    const server = createServer({ ...timeouts, requireHostHeader: false }, (request, response) => {
      void this.answer(request, response);
    });
    server.on('clientError', answerBrokenRequest);
    answerInPlaceOfNode(server);
    server.maxConnections = 100;
    server.listen(metricsPort, host);
    await once(server, 'listening').catch((error: Error) => {
      throw new SettingsError([
        `WELLFORMED_METRICS_PORT is ${metricsPort}, which cannot be opened: ${error.message}.`,
      ]);
    });
    this.server = server;
    this.logger.log(`Metrics on port ${this.port}`);
  }

  /** Closes after the service itself, so that the end of the service can be scraped. */
  onApplicationShutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }

  /** The port on which it listens. */
  get port(): number | undefined {
    return (this.server?.address() as AddressInfo | null | undefined)?.port;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request.url ?? '');
    try {
      if (!this.mayAnswer(request.headers.host)) {
        sendProblem(response, path, problemOfStatus(403, refusal(request.headers.host)));
      } else if (path !== '/metrics')
        sendProblem(response, path, problemOfStatus(404, 'There is only /metrics here.'));
      else if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('allow', 'GET, HEAD');
        sendProblem(
          response,
          path,
          problemOfStatus(405, `/metrics does not take ${request.method}, only GET, HEAD.`),
        );
      } else {
        const text = await this.page.text();
        response.setHeader('content-type', MetricsPage.contentType).end(text);
      }
    } catch (error) {
      const problem = unexpectedProblem();
      this.logger.error(`${request.method} ${path} failed (${problem.errorId})`, (error as Error).stack);
      sendProblem(response, path, problem);
    }
  }
}
