import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { TooManyRequestsError } from '../common/errors.js';
import { Settings } from '../config/settings.js';
import { hasEnded } from './run.js';
import type { RunEvent } from './run-event.js';
import { RunsRepository, type RunNews } from './runs.repository.js';

/** Events that are read together, and kept together for all who follow: those with the numbers 1 to 200, 201 to 400 and so on. */
const PAGE_EVENTS = 200;

/** Pages of all runs that are kept. The events of one take some 60 kB. */
const PAGES_KEPT = 100;

/** Followers that get events in one turn of the event loop: other requests come between two such turns. */
const SERVED_AT_ONCE = 20;

/** After so many milliseconds without an event a follower is told that the connection is alive. */
const HEARTBEAT = 15_000;

/** Seconds after which to try again where there are too many followers. */
const RETRY_AFTER = 10;

interface Page {
  /** The number of its first event. */
  first: number;
  events: RunEvent[];
  /** Whether there are later events than it may hold: none is to come, though one that cannot be read may be missing. */
  isComplete: boolean;
  /** Set while it is read: what is stored meanwhile may not be in what comes. */
  missed: RunEvent[] | undefined;
  ready: Promise<void>;
}

interface Follower {
  wake: () => void;
  /** Whether something was stored since it last looked. */
  isStale: boolean;
}

/** Hands the events of runs on to those who follow them. However many they are, each event is read once. */
@Injectable()
export class RunFeed {
  private readonly followers = new Map<string, Set<Follower>>();
  private readonly pages = new Map<string, Page>();
  private readonly waiting: (() => void)[] = [];
  private nextTurn: NodeJS.Immediate | undefined;
  private seats = 0;
  private reading: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(
    private readonly runs: RunsRepository,
    private readonly settings: Settings,
  ) {
    runs.onNews((news) => this.take(news));
  }

  /**
   * Takes one of the seats that there are for followers.
   * @returns gives it back
   * @throws TooManyRequestsError where none is left
   */
  takeSeat(): () => void {
    const { maxFollowers } = this.settings;
    if (this.seats >= maxFollowers) {
      throw new TooManyRequestsError(
        `${maxFollowers} clients follow runs already, which is the limit. Try again in ${RETRY_AFTER} s, ask GET /train/ID instead, or ` +
          'raise WELLFORMED_MAX_FOLLOWERS.',
        RETRY_AFTER,
      );
    }
    this.seats++;
    let isTaken = true;
    return () => {
      if (isTaken) this.seats--;
      isTaken = false;
    };
  }

  /** The events of a run after the given one: first those that are stored, then each as it comes, until the run ends. */
  async *follow(runId: string, after: number): AsyncGenerator<readonly RunEvent[] | 'alive', void, void> {
    let last = after;
    const follower: Follower = { wake: () => undefined, isStale: true };
    const all = this.followers.get(runId) ?? new Set();
    this.followers.set(runId, all.add(follower));
    try {
      while (!this.closed) {
        follower.isStale = false;
        const page = this.pageOf(runId, last + 1);
        await page.ready;
        const events = page.events.filter(({ sequence }) => sequence > last);
        const latest = events.at(-1);
        if (latest) {
          await this.turn();
          yield events;
          last = latest.sequence;
          if (latest.type === 'status' && hasEnded(latest.data.status)) return;
        } else if (page.isComplete) {
          last = page.first + PAGE_EVENTS - 1;
        } else if (!this.followers.get(runId)?.has(follower)) {
          // The run was deleted.
          return;
        } else if (!follower.isStale && !(await wakeOf(follower))) {
          yield 'alive';
        }
      }
    } finally {
      all.delete(follower);
      if (all.size === 0) this.followers.delete(runId);
    }
  }

  /** Ends what all followers are waiting for: the service shuts down. */
  close(): void {
    this.closed = true;
    for (const followers of this.followers.values()) for (const follower of followers) follower.wake();
  }

  private take({ runId, event }: RunNews): void {
    const followers = this.followers.get(runId);
    if (event === null) {
      this.followers.delete(runId);
      for (const key of this.pages.keys()) if (key.startsWith(`${runId}/`)) this.pages.delete(key);
    } else {
      const page = this.pages.get(keyOf(runId, event.sequence));
      (page?.missed ?? page?.events)?.push(event);
      const before = this.pages.get(keyOf(runId, event.sequence - PAGE_EVENTS));
      if (before) before.isComplete = true;
    }
    for (const follower of followers ?? []) {
      follower.isStale = true;
      follower.wake();
    }
  }

  /** Settles when it is the turn of a follower to be served: an event wakes thousands of them at once. */
  private turn(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.nextTurn ??= globalThis.setImmediate(() => this.serve());
    });
  }

  private serve(): void {
    for (const go of this.waiting.splice(0, SERVED_AT_ONCE)) go();
    this.nextTurn = this.waiting.length > 0 ? globalThis.setImmediate(() => this.serve()) : undefined;
  }

  private pageOf(runId: string, sequence: number): Page {
    const key = keyOf(runId, sequence);
    const page = this.pages.get(key) ?? this.read(runId, sequence);
    // The one not asked for longest goes first.
    this.pages.delete(key);
    this.pages.set(key, page);
    const [oldest] = this.pages.keys();
    if (this.pages.size > PAGES_KEPT) this.pages.delete(oldest!);
    return page;
  }

  private read(runId: string, sequence: number): Page {
    const first = sequence - ((sequence - 1) % PAGE_EVENTS);
    const page: Page = { first, events: [], isComplete: false, missed: [], ready: Promise.resolve() };
    // One page a turn of the event loop: SQLite answers at once, and holds everything up while it does.
    const turn = this.reading.then(() => setImmediate());
    page.ready = turn.then(async () => {
      const stored = await this.runs.events(runId, first, first + PAGE_EVENTS - 1);
      const last = stored.at(-1)?.sequence ?? 0;
      if (stored.length < PAGE_EVENTS) {
        page.isComplete ||= (await this.runs.lastSequence(runId)) >= first + PAGE_EVENTS;
      }
      page.events = [...stored, ...page.missed!.filter((event) => event.sequence > last)];
      page.missed = undefined;
    });
    page.ready.catch(() => this.pages.delete(keyOf(runId, sequence)));
    this.reading = page.ready.catch(() => undefined);
    return page;
  }
}

function keyOf(runId: string, sequence: number): string {
  return `${runId}/${Math.floor((sequence - 1) / PAGE_EVENTS)}`;
}

/** @returns whether something was stored before the time was over */
function wakeOf(follower: Follower): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), HEARTBEAT);
    timer.unref();
    follower.wake = () => {
      clearTimeout(timer);
      resolve(true);
    };
  });
}
