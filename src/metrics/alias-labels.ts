/** The maximum number of aliases with their own series. All others are counted together as `other`. */
const MOST_LABELS = 50;

/** Alerts watch this alias, so it always has its own label. */
const ALWAYS = 'production';

/**
 * Values of the label `alias`: names of existing aliases. Their number is bounded, while the number of
 * aliases is not.
 */
export class AliasLabels {
  private readonly taken = new Set([ALWAYS]);
  private readonly releaseListeners: ((alias: string) => void)[] = [];

  /** Gives an alias its own label, if one is free. */
  take(alias: string): void {
    if (this.taken.size < MOST_LABELS) this.taken.add(alias);
  }

  /** Frees the label of a removed alias. Its series end. */
  release(alias: string): void {
    if (alias === ALWAYS || !this.taken.delete(alias)) return;
    for (const listener of this.releaseListeners) listener(alias);
  }

  /** Calls a listener when a label is freed, so that it can end its series. */
  onRelease(listener: (alias: string) => void): void {
    this.releaseListeners.push(listener);
  }

  /** @param alias null for a model that was named by its id */
  of(alias: string | null): string {
    if (alias === null) return 'none';
    return this.taken.has(alias) ? alias : 'other';
  }
}
