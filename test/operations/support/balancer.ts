import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../../support/clients.js';

/** How often a balancer looks who is ready, in milliseconds. */
const INTERVAL = 100;

/** Sends requests to services that say they are ready, in turn, as a load balancer does: it never sends one twice. */
export class Balancer {
  private readonly ready = new Set<string>();
  private turn = 0;
  private stopped = false;
  private watching: Promise<void> | undefined;

  /** @param urls of the services there are now; what it gives may change at any time */
  constructor(private readonly urls: () => string[]) {
    this.watching = this.watch();
  }

  /** The service that is to get the next request. Waits until there is one. */
  async next(): Promise<string> {
    for (;;) {
      const ready = [...this.ready];
      if (ready.length > 0) return ready[this.turn++ % ready.length]!;
      await sleep(INTERVAL / 4);
    }
  }

  isReady(url: string): boolean {
    return this.ready.has(url);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.watching;
  }

  private async watch(): Promise<void> {
    while (!this.stopped) {
      const urls = this.urls();
      for (const url of this.ready) if (!urls.includes(url)) this.ready.delete(url);
      await Promise.all(
        urls.map(async (url) => {
          const { status } = await ask(`${url}/health/ready`);
          if (status === 200 && this.urls().includes(url)) this.ready.add(url);
          else this.ready.delete(url);
        }),
      );
      await sleep(INTERVAL);
    }
  }
}
