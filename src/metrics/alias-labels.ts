/** Most values a label takes whose values come from outside; the rest is counted together as `other`. */
const MAX_LABEL_VALUES = 50;

/** Values of the label `alias`. Their number has a bound, which that of aliases has not. */
export class AliasLabels {
  private readonly known = new Set<string>();

  /** @param alias null where a model was named by its id */
  of(alias: string | null): string {
    if (alias === null) return 'none';
    if (this.known.has(alias) || this.known.size < MAX_LABEL_VALUES) {
      this.known.add(alias);
      return alias;
    }
    return 'other';
  }
}
