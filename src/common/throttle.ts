/**
 * Limits how often values are passed on. The first is passed on at once, later ones at most once per
 * interval. The last one is always passed on.
 */
export class Throttle<T> {
  private pending: { item: T } | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly milliseconds: number,
    private readonly pass: (item: T) => void,
  ) {}

  offer(item: T): void {
    this.pending = { item };
    if (this.timer) return;
    this.flush();
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.pending) this.offer(this.pending.item);
    }, this.milliseconds);
  }

  /** Passes on the waiting value at once. */
  flush(): void {
    const waiting = this.pending;
    this.pending = undefined;
    if (waiting) this.pass(waiting.item);
  }

  /** Drops the waiting value. */
  close(): void {
    this.pending = undefined;
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
