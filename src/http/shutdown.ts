import type { Socket } from 'node:net';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type INestApplication,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { Settings } from '../config/settings.js';

/**
 * The signals that end the service gracefully. There are no others: a handler for SIGSEGV and similar would
 * keep a crashed process from ending.
 */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/** Minimum time for pending requests in milliseconds, however long a training took to stop. */
const LEAST_GRACE = 1000;

/**
 * The port stays open until no connection and no request has arrived for this many milliseconds. So
 * everything that the kernel accepted before the signal is answered and not reset.
 */
const QUIET = 50;

/**
 * Maximum time for that in milliseconds. A client that keeps sending needs a load balancer that redirects it.
 */
const MOST_UNTIL_QUIET = 1000;

/**
 * Ends the service in steps. First it announces the end (`/health/ready` is 503, responses close their
 * connections) and still answers for a while, so that clients can move elsewhere. Then it accepts no more
 * connections, and pending requests finish.
 */
@Injectable()
export class Shutdown implements OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger(Shutdown.name);
  /** On the clock of `performance.now()`. */
  private begunAt: number | undefined;
  /** When the last connection or request arrived. */
  private lastArrival = 0;

  constructor(private readonly settings: Settings) {}

  get isUnderWay(): boolean {
    return this.begunAt !== undefined;
  }

  /** Time left for pending requests, in milliseconds. */
  get graceLeft(): number {
    const { shutdownDelay, shutdownGrace } = this.settings;
    return Math.max(LEAST_GRACE, this.left(shutdownDelay + shutdownGrace));
  }

  /** Nest calls these hooks before all others of this kind. Anything that waits does so in the other hook. */
  onModuleDestroy(): void {
    this.begunAt = performance.now();
    this.logger.log('The service ends: requests under way finish');
  }

  /** Other hooks wait before or in parallel. So the time counts from the signal. */
  async beforeApplicationShutdown(): Promise<void> {
    await delay(Math.max(0, this.left(this.settings.shutdownDelay)));
  }

  /** A connection or a request has arrived. */
  noteArrival(): void {
    this.lastArrival = performance.now();
  }

  /** Resolves when the port may be closed. */
  async untilQuiet(): Promise<void> {
    const start = performance.now();
    for (let now = start; now - start < MOST_UNTIL_QUIET; now = performance.now()) {
      const left = Math.max(start, this.lastArrival) + QUIET - now;
      if (left > 0) {
        await delay(left);
        continue;
      }
      // After a block, the event loop runs timers first. It must check its sockets before the result counts.
      await setImmediate();
      await setImmediate();
      if (this.lastArrival < now) return;
    }
  }

  private left(milliseconds: number): number {
    return (this.begunAt ?? performance.now()) + milliseconds - performance.now();
  }
}

/**
 * Ends the process gracefully on a signal. It exits with 0: as process 1 of a container it cannot end itself
 * by a signal.
 */
export function endOnSignals(app: INestApplication): void {
  app.enableShutdownHooks(SIGNALS, { useProcessExit: true });
}

/** Makes responses close their connections, and connections end, when the service ends. */
export function endConnections(fastify: FastifyInstance, shutdown: Shutdown): void {
  const open = new Set<Socket>();
  fastify.server.on('connection', (socket: Socket) => {
    shutdown.noteArrival();
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  // Streams of sentences bypass the other hook.
  fastify.addHook('onRequest', (_request, { raw }, done) => {
    shutdown.noteArrival();
    if (shutdown.isUnderWay) raw.shouldKeepAlive = false;
    done();
  });
  // Set the header itself: the response of a problem removes it, and with it what Node would write.
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (shutdown.isUnderWay) reply.header('connection', 'close');
    done(null, payload);
  });
  // When a server closes, Node closes idle connections. It waits a keep-alive time (over a minute) for those
  // that become idle later, and for ever for those that never do. A connection without any data is not idle
  // for Node, although browsers and clients open such connections in advance.
  fastify.addHook('preClose', async () => {
    const { server } = fastify;
    if (!server.listening) return;
    await shutdown.untilQuiet();
    const closeIdle = () => {
      server.closeIdleConnections();
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    };
    const idle = setInterval(closeIdle, 50);
    const all = setTimeout(() => server.closeAllConnections(), shutdown.graceLeft);
    server.once('close', () => {
      clearInterval(idle);
      clearTimeout(all);
    });
  });
}
