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
 * The signals at which the service ends in order. No others: a handler for SIGSEGV and its like would keep a process that a native
 * library has crashed from ending.
 */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/** Requests under way get so many milliseconds at least, however long a training took to stop. */
const LEAST_GRACE = 1000;

/**
 * The port stays open until no connection and no request has come for so many milliseconds: what the kernel has taken by the time of the signal
 * is then accepted, read and answered, and not reset.
 */
const QUIET = 50;

/** That may take so many milliseconds. Who keeps sending must be told by a balancer where to go instead. */
const MOST_UNTIL_QUIET = 1000;

/**
 * Ends the service in steps: it tells so (`/health/ready` is 503, answers close their connections) and goes on answering for a while, so
 * that whoever sends requests turns elsewhere; then it takes no more connections, and requests under way finish.
 */
@Injectable()
export class Shutdown implements OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger(Shutdown.name);
  /** On the clock of `performance.now()`. */
  private begunAt: number | undefined;
  /** When the last connection or request came. */
  private lastArrival = 0;

  constructor(private readonly settings: Settings) {}

  get isUnderWay(): boolean {
    return this.begunAt !== undefined;
  }

  /** How long requests that are under way may still take, in milliseconds. */
  get graceLeft(): number {
    const { shutdownDelay, shutdownGrace } = this.settings;
    return Math.max(LEAST_GRACE, this.left(shutdownDelay + shutdownGrace));
  }

  /** Nest calls these before all others of its kind, and what waits for something waits in the other. */
  onModuleDestroy(): void {
    this.begunAt = performance.now();
    this.logger.log('The service ends: requests under way finish');
  }

  /** Others wait in their own hooks meanwhile or before: what counts is the time since the signal. */
  async beforeApplicationShutdown(): Promise<void> {
    await delay(Math.max(0, this.left(this.settings.shutdownDelay)));
  }

  /** A connection or a request has come. */
  noteArrival(): void {
    this.lastArrival = performance.now();
  }

  /** Settles when the port may be closed. */
  async untilQuiet(): Promise<void> {
    const start = performance.now();
    for (let now = start; now - start < MOST_UNTIL_QUIET; now = performance.now()) {
      const left = Math.max(start, this.lastArrival) + QUIET - now;
      if (left > 0) {
        await delay(left);
        continue;
      }
      // An event loop that was held up comes to timers first: it has to look at its sockets before it is believed.
      await setImmediate();
      await setImmediate();
      if (this.lastArrival < now) return;
    }
  }

  private left(milliseconds: number): number {
    return (this.begunAt ?? performance.now()) + milliseconds - performance.now();
  }
}

/** Has the process end in order at a signal. It then exits with 0: as process 1 of a container it cannot end itself by a signal. */
export function endOnSignals(app: INestApplication): void {
  app.enableShutdownHooks(SIGNALS, { useProcessExit: true });
}

/** Has answers close their connections, and connections end, when the service does. */
export function endConnections(fastify: FastifyInstance, shutdown: Shutdown): void {
  const open = new Set<Socket>();
  fastify.server.on('connection', (socket: Socket) => {
    shutdown.noteArrival();
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  // Streams of sentences are answered past the other hook.
  fastify.addHook('onRequest', (_request, { raw }, done) => {
    shutdown.noteArrival();
    if (shutdown.isUnderWay) raw.shouldKeepAlive = false;
    done();
  });
  // The header itself, since a problem's answer removes it, and with it what Node would write.
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (shutdown.isUnderWay) reply.header('connection', 'close');
    done(null, payload);
  });
  // Node closes the connections that are idle when a server is closed, and waits a keep-alive time (over a minute) for those that
  // become idle later, and for ever for those that never do. One that nothing has come over is not idle for Node, though browsers and
  // clients open such ones in store.
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
