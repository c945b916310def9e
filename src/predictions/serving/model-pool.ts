import { DeadlineExceededError } from '../../bert/errors.js';

/** What a cache holds: something loaded from a folder that must be closed to give its memory back. */
export interface Closable {
  close(): Promise<void>;
}

/** What is known of a thing that is loaded, or loading, or about to be closed. */
export interface Held {
  key: string;
  state: 'loading' | 'ready' | 'leaving';
  /** When it came to be in this state. */
  since: Date;
  /** Null while it loads. */
  loadedAt: Date | null;
}

/** How long somebody waits. */
export interface WaitLimits {
  /** Aborted when nobody waits any more. */
  signal?: AbortSignal;
  /** On the clock of `performance.now()`. */
  deadline?: number;
}

export interface TakeOptions extends WaitLimits {
  /**
   * Load it beside what is there, though there is no room, and make room afterwards: a successor. There may be one at a time. `leavesFirst`
   * says of a key whether it should be the one to leave then.
   */
  beside?: { leavesFirst: (key: string) => boolean };
}

/** Something loaded that stays open for its user. */
export interface Lease<T> {
  readonly value: T;
  /** Has it loaded afresh for whoever comes later. */
  retire(): void;
  /** Call it once, at the end. */
  release(): void;
}

interface Entry<T> extends Held {
  loading: Promise<T>;
  /** Undefined while it loads. */
  loaded: T | undefined;
  users: number;
  /** Whether it has no place among the others yet. */
  beside: boolean;
  /** Resolves when it is closed and its place free. */
  closed: Promise<void>;
  /** Closes it, once. */
  close: () => void;
}

/**
 * At most `capacity` loaded things at a time, and one more while a successor is made ready. Those who ask for the same one share its
 * loading. Where there is no room, the least recently used one leaves: it takes no new users, is closed when its last user is
 * done and never before.
 */
export class ModelPool<T extends Closable> {
  /** In order of use, the least recent first. */
  private readonly entries = new Map<string, Entry<T>>();
  /** Of successors that have just become ready: what they say about who leaves first. */
  private readonly settling: ((key: string) => boolean)[] = [];
  private shut = false;

  constructor(
    readonly capacity: number,
    private readonly load: (key: string) => Promise<T>,
    private readonly changed: (loaded: number) => void = () => {},
  ) {}

  /** What is there, the least recently used first. */
  get held(): Held[] {
    return [...this.entries.values()].map(({ key, state, since, loadedAt }) => ({
      key,
      state,
      since,
      loadedAt,
    }));
  }

  /**
   * Loads what is missing and keeps it open until the lease is released.
   * Rejects with what `load` rejects with, and as {@link within} does while it waits for the loading or for room.
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

  /** Closes those whose keys it is told of, or all, once their users are done. */
  async remove(goes: (key: string) => boolean = () => true): Promise<void> {
    await Promise.all([...this.entries.values()].filter(({ key }) => goes(key)).map(leave));
  }

  /** Closes all and takes no more users. */
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

  /** What is there for this key and may be used. */
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

  /** Of many who wait for room, each gets one to leave only when no other is leaving: else all would for one newcomer. */
  private async makeRoom(): Promise<void> {
    const entries = [...this.entries.values()];
    const leaving = entries.filter(({ state }) => state === 'leaving');
    if (leaving.length > 0) await Promise.race(leaving.map((entry) => entry.closed));
    else await leave(entries.find((entry) => !entry.beside)!);
  }

  /** A successor is ready, or was given up: it takes its place among the others, and if they are too many now, some leave. */
  private settle(successor: Entry<T>, leavesFirst: (key: string) => boolean): void {
    successor.beside = false;
    if (this.entries.delete(successor.key)) this.entries.set(successor.key, successor);
    // Not at once: who has just been sent to the predecessor shall still find it here.
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
          // What could not be loaded needs no closing, and what cannot be closed is gone for us all the same.
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
      // It gives its place back, so that the next one to ask tries again.
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
 * What a promise gives, if somebody still waits for it then.
 * @throws DeadlineExceededError when the deadline passes, and what the signal is aborted with
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
