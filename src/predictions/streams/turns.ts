/** Limits the number of concurrent tasks. The others wait in order of arrival. */
export class Turns {
  private readonly waiting = new Set<() => void>();

  constructor(private free: number) {}

  /**
   * Runs `work` when its turn comes.
   * @throws the reason of the signal before that, and errors of `work`
   */
  async take<R>(work: () => Promise<R>, signal: AbortSignal): Promise<R> {
    await this.turn(signal);
    try {
      return await work();
    } finally {
      this.pass();
    }
  }

  private turn(signal: AbortSignal): Promise<void> | void {
    signal.throwIfAborted();
    if (this.free > 0) {
      this.free--;
      return;
    }
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.waiting.delete(begin);
        reject(signal.reason as Error);
      };
      this.waiting.add(begin);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  private pass(): void {
    const [next] = this.waiting;
    if (next === undefined) this.free++;
    else {
      this.waiting.delete(next);
      next();
    }
  }
}
