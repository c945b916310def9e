/** What a cache holds: something loaded from a folder that must be closed to give its memory back. */
export interface Closable {
  close(): Promise<void>;
}

interface Entry<T> {
  loading: Promise<T>;
  users: number;
  /** Set once the entry must go: it takes no new users and closes when the last one is done. */
  leaving: boolean;
  /** Resolves when it is closed and its place free. */
  closed: Promise<void>;
  /** Closes it, once. */
  close: () => void;
}

/**
 * At most `capacity` loaded things at a time. Those who ask for the same one share its loading. Where there is no room, the
 * least recently used one leaves: it takes no new users, is closed when its last user is done and never before.
 */
export class ModelCache<T extends Closable> {
  /** In order of use, the least recent first. */
  private readonly entries = new Map<string, Entry<T>>();

  constructor(
    private readonly capacity: number,
    private readonly load: (id: string) => Promise<T>,
    private readonly changed: (loaded: number) => void = () => {},
  ) {}

  /** Ids of what is loaded or loading. */
  get ids(): string[] {
    return [...this.entries.keys()];
  }

  /** Loads what is missing and keeps it open while `work` runs. Rejects with what `load` rejects with. */
  async use<R>(id: string, work: (loaded: T) => Promise<R>): Promise<R> {
    const entry = await this.enter(id);
    try {
      return await work(await entry.loading);
    } finally {
      entry.users--;
      this.closeIfDone(entry);
    }
  }

  /** Closes one, or all, once its users are done. */
  async remove(id?: string): Promise<void> {
    const going = [...this.entries].filter(([key]) => id === undefined || key === id);
    await Promise.all(going.map(([, entry]) => this.leave(entry)));
  }

  private async enter(id: string): Promise<Entry<T>> {
    for (;;) {
      const entry = this.entries.get(id);
      if (entry && !entry.leaving) {
        entry.users++;
        this.entries.delete(id);
        this.entries.set(id, entry);
        return entry;
      }
      if (!entry && this.entries.size < this.capacity) return this.create(id);
      await (entry ? entry.closed : this.makeRoom());
    }
  }

  /** Of many who wait for room, each gets one to leave only when no other is leaving: else all would for one newcomer. */
  private async makeRoom(): Promise<void> {
    const entries = [...this.entries.values()];
    const leaving = entries.filter((entry) => entry.leaving);
    if (leaving.length > 0) await Promise.race(leaving.map((entry) => entry.closed));
    else await this.leave(entries[0]!);
  }

  private create(id: string): Entry<T> {
    const loading = this.load(id);
    let freed!: () => void;
    let closing = false;
    const entry: Entry<T> = {
      loading,
      users: 1,
      leaving: false,
      closed: new Promise((resolve) => (freed = resolve)),
      close: () => {
        if (closing) return;
        closing = true;
        loading
          .then((loaded) => loaded.close())
          // What could not be loaded needs no closing, and what cannot be closed is gone for us all the same.
          .catch(() => {})
          .finally(() => {
            this.entries.delete(id);
            this.changed(this.entries.size);
            freed();
          });
      },
    };
    this.entries.set(id, entry);
    loading.then(
      () => this.changed(this.entries.size),
      // It gives its place back, so that the next one to ask tries again.
      () => (entry.leaving = true),
    );
    return entry;
  }

  private leave(entry: Entry<T>): Promise<void> {
    entry.leaving = true;
    this.closeIfDone(entry);
    return entry.closed;
  }

  private closeIfDone(entry: Entry<T>): void {
    if (entry.leaving && entry.users === 0) entry.close();
  }
}
