/**
 * Passes on the latest of quickly following things: the first at once, later ones at most once an interval, and the last
 * one always.
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

  /** Passes on at once what still waits. */
  flush(): void {
    const waiting = this.pending;
    this.pending = undefined;
    if (waiting) this.pass(waiting.item);
  }

  /** Drops what still waits. */
  close(): void {
    this.pending = undefined;
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
