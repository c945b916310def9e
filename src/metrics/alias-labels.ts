/** Most aliases that have series of their own; the others are counted together as `other`. */
const MOST_LABELS = 50;

/** The alias that alerts watch: it always has a label of its own. */
const ALWAYS = 'production';

/** Values of the label `alias`: names of aliases that exist now. Their number has a bound, which that of aliases has not. */
export class AliasLabels {
  private readonly taken = new Set([ALWAYS]);
  private readonly releaseListeners: ((alias: string) => void)[] = [];

  /** An alias exists: it gets a label of its own, while there are any left. */
  take(alias: string): void {
    if (this.taken.size < MOST_LABELS) this.taken.add(alias);
  }

  /** An alias is gone: its label is free for another one, and its series end. */
  release(alias: string): void {
    if (alias === ALWAYS || !this.taken.delete(alias)) return;
    for (const listener of this.releaseListeners) listener(alias);
  }

  /** For those who keep series by alias. */
  onRelease(listener: (alias: string) => void): void {
    this.releaseListeners.push(listener);
  }

  /** @param alias null where a model was named by its id */
  of(alias: string | null): string {
    if (alias === null) return 'none';
    return this.taken.has(alias) ? alias : 'other';
  }
}
