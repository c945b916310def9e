import { DeadlineExceededError } from '../../bert/errors.js';

/** A loaded resource that must be closed to free its memory. */
export interface Closable {
  close(): Promise<void>;
}

/** State of a resource that is loading, loaded or leaving. */
export interface Held {
  key: string;
  state: 'loading' | 'ready' | 'leaving';
  /** When it entered this state. */
  since: Date;
  /** null while it loads. */
  loadedAt: Date | null;
}

/** How long a caller waits. */
export interface WaitLimits {
  /** Aborted when the caller no longer waits. */
  signal?: AbortSignal;
  /** On the clock of `performance.now()`. */
  deadline?: number;
}

export interface TakeOptions extends WaitLimits {
  /**
   * Load a successor although there is no room, and make room afterwards. One at a time. `leavesFirst` says
   * whether the resource with a key should leave first then.
   */
  beside?: { leavesFirst: (key: string) => boolean };
}

/** A resource that stays open until it is released. */
export interface Lease<T> {
  readonly value: T;
  /** Makes later callers load it again. */
  retire(): void;
  /** Call it once, at the end. */
  release(): void;
}

interface Entry<T> extends Held {
  loading: Promise<T>;
  /** undefined while it loads. */
  loaded: T | undefined;
  users: number;
  /** Whether it is a successor that does not count towards the capacity yet. */
  beside: boolean;
  /** Resolves when it is closed and its place is free. */
  closed: Promise<void>;
  /** Closes it, once. */
  close: () => void;
}

/**
 * Holds at most `capacity` loaded resources, and one more while a successor is loading. Callers of the same
 * key share one load. If there is no room, the least recently used resource leaves: it takes no new users,
 * and closes when its last user is done.
 */
export class ModelPool<T extends Closable> {
  /** Least recently used first. */
  private readonly entries = new Map<string, Entry<T>>();
  /** For successors that have just become ready: which keys should leave first. */
  private readonly settling: ((key: string) => boolean)[] = [];
  private shut = false;

  constructor(
    readonly capacity: number,
    private readonly load: (key: string) => Promise<T>,
    private readonly changed: (loaded: number) => void = () => {},
  ) {}

  /** All resources, the least recently used first. */
  get held(): Held[] {
    return [...this.entries.values()].map(({ key, state, since, loadedAt }) => ({
      key,
      state,
      since,
      loadedAt,
    }));
  }

  /**
   * Loads the resource if needed and keeps it open until the lease is released. Rejects with the error of
   * `load`, or as {@link within} while it waits for loading or for room.
   */
  async take(key: string, options: TakeOptions = {}): Promise<Lease<T>> {
    const entry = this.join(key) ?? (await this.enter(key, options));
    const release = () => {
      entry.users--;
      closeIfDone(entry);
      if (options.beside) this.settle(entry, options.beside.leavesFirst);
    };
    try {
      const value = entry.loaded ?? (await within(entry.loading, options));
      return { value, retire: () => markLeaving(entry), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Closes the resources whose keys match, or all, once their users are done. */
  async remove(goes: (key: string) => boolean = () => true): Promise<void> {
    await Promise.all([...this.entries.values()].filter(({ key }) => goes(key)).map(leave));
  }

  /** Closes everything and accepts no more users. */
  close(): Promise<void> {
    this.shut = true;
    return this.remove();
  }

  private async enter(key: string, options: TakeOptions): Promise<Entry<T>> {
    for (;;) {
      const present = this.join(key);
      if (present) return present;
      if (this.shut) throw new Error('The models are being closed: the service stops.');
      const leaving = this.entries.get(key)?.closed;
      if (!leaving && this.hasRoom(options)) return this.create(key, options.beside !== undefined);
      await within(leaving ?? this.makeRoom(), options);
    }
  }

  /** The usable resource of this key, if there is one. */
  private join(key: string): Entry<T> | undefined {
    const entry = this.entries.get(key);
    if (!entry || entry.state === 'leaving') return undefined;
    entry.users++;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry;
  }

  private hasRoom({ beside }: TakeOptions): boolean {
    if (beside) return this.entries.size <= this.capacity;
    return [...this.entries.values()].filter((entry) => !entry.beside).length < this.capacity;
  }

  /**
   * Many callers may wait for room. A caller evicts a resource only if none is leaving already. Otherwise all
   * resources would leave for one newcomer.
   */
  private async makeRoom(): Promise<void> {
    const entries = [...this.entries.values()];
    const leaving = entries.filter(({ state }) => state === 'leaving');
    if (leaving.length > 0) await Promise.race(leaving.map((entry) => entry.closed));
    else await leave(entries.find((entry) => !entry.beside)!);
  }

  /**
   * A successor is ready or was given up. It now counts towards the capacity, so others may have to leave.
   */
  private settle(successor: Entry<T>, leavesFirst: (key: string) => boolean): void {
    successor.beside = false;
    if (this.entries.delete(successor.key)) this.entries.set(successor.key, successor);
    // Not at once: a request that was just sent to the predecessor must still find it.
    this.settling.push(leavesFirst);
    setImmediate(() => {
      const asked = this.settling.splice(0);
      const goesFirst = (key: string) => Number(asked.some((says) => says(key)));
      const staying = [...this.entries.values()].filter(
        ({ state, beside }) => state !== 'leaving' && !beside,
      );
      staying.sort((a, b) => goesFirst(b.key) - goesFirst(a.key));
      for (const entry of staying.slice(0, Math.max(0, staying.length - this.capacity))) void leave(entry);
    });
  }

  private create(key: string, beside: boolean): Entry<T> {
    const loading = this.load(key);
    let freed!: () => void;
    let closing = false;
    const entry: Entry<T> = {
      key,
      state: 'loading',
      since: new Date(),
      loadedAt: null,
      loading,
      loaded: undefined,
      users: 1,
      beside,
      closed: new Promise((resolve) => (freed = resolve)),
      close: () => {
        if (closing) return;
        closing = true;
        loading
          .then((loaded) => loaded.close())
          // A failed load needs no closing, and a resource whose closing fails is gone as well.
          .catch(() => {})
          .finally(() => {
            this.entries.delete(key);
            this.changed(this.entries.size);
            freed();
          });
      },
    };
    this.entries.set(key, entry);
    loading.then(
      (loaded) => {
        entry.loaded = loaded;
        entry.loadedAt = new Date();
        if (entry.state === 'loading') Object.assign(entry, { state: 'ready', since: entry.loadedAt });
        this.changed(this.entries.size);
      },
      // It frees its place, so that the next caller tries again.
      () => {
        markLeaving(entry);
        closeIfDone(entry);
      },
    );
    return entry;
  }
}

function leave(entry: Entry<unknown>): Promise<void> {
  markLeaving(entry);
  closeIfDone(entry);
  return entry.closed;
}

function markLeaving(entry: Entry<unknown>): void {
  if (entry.state !== 'leaving') Object.assign(entry, { state: 'leaving', since: new Date() });
}

function closeIfDone(entry: Entry<unknown>): void {
  if (entry.state === 'leaving' && entry.users === 0) entry.close();
}

/**
 * Waits for a promise within limits.
 * @throws DeadlineExceededError when the deadline passes, and the reason of the signal
 */
async function within<T>(promise: Promise<T>, { signal, deadline }: WaitLimits): Promise<T> {
  signal?.throwIfAborted();
  if (deadline !== undefined && deadline <= performance.now()) throw new DeadlineExceededError();
  let timer: NodeJS.Timeout | undefined;
  let abort: (() => void) | undefined;
  const givenUp = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal!.reason as Error);
    signal?.addEventListener('abort', abort);
    if (deadline !== undefined && deadline !== Infinity) {
      timer = setTimeout(
        () => reject(new DeadlineExceededError()),
        Math.max(0, deadline - performance.now()),
      );
    }
  });
  try {
    return await Promise.race([promise, givenUp]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort!);
  }
}
