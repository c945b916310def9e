import { Injectable, Logger } from '@nestjs/common';
import { Between, MoreThan, type EntityManager } from 'typeorm';
import { serverFolderShortener } from '../common/server-folders.js';
import { shortened } from '../common/text.js';
import { Settings } from '../config/settings.js';
import { isForeignKeyViolation } from '../database/constraint-errors.js';
import type { Page, PageRequest } from '../database/pages.js';
import { findReadable, findReadableRows } from '../database/readable-rows.js';
import { Transactions } from '../database/transactions.js';
import { eventLine, isKept, KEPT, LONGEST_LINE, type RunLogLine, type RunLogSource } from './run-log.js';
import { RunLogLineEntity } from './run-log-line.entity.js';
import type { RunEvent } from './run-event.js';
import { RunsRepository } from './runs.repository.js';

/** Milliseconds that a line waits for others: one transaction stores them together. A killed service loses no more. */
const STORE_INTERVAL = 1000;

type SaidLine = Pick<RunLogLine, 'source' | 'text' | 'createdAt'>;

/** Lines of a run that are not stored yet. They are numbered as they come. */
interface WaitingLines {
  lines: (SaidLine & { number: number })[];
  /** The number of the last one. */
  last: number;
  /** The number of the last one that is stored for good. */
  settled: number;
  /** The last one that a transaction stored, which may not be committed yet, and its number in the log. */
  tried: { last: number; sequence: number };
}

/** The logs of runs: what the training process printed, and what happened to the run. */
@Injectable()
export class RunLogs {
  private readonly logger = new Logger(RunLogs.name);
  private readonly waiting = new Map<string, WaitingLines>();
  private readonly withoutFolders: (text: string) => string;
  private timer: NodeJS.Timeout | undefined;
  private isFailing = false;

  constructor(
    private readonly runs: RunsRepository,
    private readonly transactions: Transactions,
    settings: Settings,
  ) {
    this.withoutFolders = serverFolderShortener(settings);
    runs.storeWith((runId, event) => this.storeWith(runId, event));
  }

  /** Takes what was said, a line or several. It is stored within a second, or with the next event of the run. */
  write(runId: string, source: RunLogSource, text: string): void {
    const said = linesOf(text, source);
    if (said.length === 0) return;
    const waiting = this.waiting.get(runId) ?? nothingWaiting();
    this.waiting.set(runId, waiting);
    for (const line of said) waiting.lines.push({ ...line, number: ++waiting.last });
    // However fast a library prints in a loop, memory holds little more than what will be kept.
    if (waiting.lines.length > 2 * (KEPT.first + KEPT.last)) {
      waiting.lines = waiting.lines.filter(({ number }) =>
        isKept(number - waiting.settled, waiting.last - waiting.settled),
      );
    }
    this.timer ??= setTimeout(() => void this.storeAll(), STORE_INTERVAL).unref();
  }

  /**
   * Lines in order, after the one whose number is the cursor.
   * @throws NotFoundError
   */
  async page(runId: string, { limit, cursor = '0' }: PageRequest): Promise<Page<RunLogLine>> {
    await this.runs.statusOf(runId);
    const found = await findReadable(this.lines, {
      where: { runId, sequence: MoreThan(Number(cursor)) },
      order: { sequence: 'ASC' },
      // One extra row shows whether there is a next page.
      take: limit + 1,
    });
    const onPage = found.slice(0, limit);
    return {
      items: onPage.flatMap(({ row }) => row ?? []),
      nextCursor: found.length > limit ? String(onPage.at(-1)!.key.sequence) : null,
    };
  }

  /** All lines that are kept, in order. @throws NotFoundError */
  async all(runId: string): Promise<RunLogLine[]> {
    await this.runs.statusOf(runId);
    return findReadableRows(this.lines, { where: { runId }, order: { sequence: 'ASC' } });
  }

  /** In the transaction of an event: its line, and what was said before. So a run that has ended has its whole log. */
  private async storeWith(runId: string, event: RunEvent): Promise<void> {
    const text = eventLine(event);
    const said = text === undefined ? [] : linesOf(text, 'service', event.createdAt);
    await this.store(this.transactions.manager, runId, said);
  }

  private async storeAll(): Promise<void> {
    this.timer = undefined;
    for (const runId of [...this.waiting.keys()]) {
      try {
        await this.transactions.run((manager) => this.store(manager, runId));
        this.isFailing = false;
      } catch (error) {
        if (isForeignKeyViolation(error)) {
          // The run is gone, and its log with it.
          this.waiting.delete(runId);
          continue;
        }
        this.timer ??= setTimeout(() => void this.storeAll(), STORE_INTERVAL).unref();
        if (!this.isFailing) {
          this.logger.error(`The log of run ${runId} could not be stored: ${(error as Error).message}`, {
            runId,
          });
        }
        this.isFailing = true;
      }
    }
  }

  /** Stores what waits, and then further lines. Where the transaction fails, what waits goes on waiting. */
  private async store(
    manager: EntityManager,
    runId: string,
    further: readonly SaidLine[] = [],
  ): Promise<void> {
    const waiting = this.waiting.get(runId) ?? nothingWaiting();
    const { lines, last } = waiting;
    if (lines.length + further.length === 0) return;
    const attempt = await this.runs.attemptOf(runId);
    const stored = (await manager.maximum(RunLogLineEntity, 'sequence', { runId })) ?? 0;
    // This transaction may have stored some already; one that was rolled back has not.
    const from = stored >= waiting.tried.sequence ? waiting.tried.last : waiting.settled;
    const written = stored + last - from + further.length;
    const rows = [...lines, ...further.map((line, index) => ({ ...line, number: last + index + 1 }))]
      .filter(({ number }) => number > from)
      .map(({ number, ...line }) => ({ ...line, sequence: stored + number - from }))
      .filter(({ sequence }) => isKept(sequence, written))
      .map((line) => ({ ...line, runId, attempt, text: this.shown(line.text) }));
    // What a plain insert would read back is known.
    await manager
      .createQueryBuilder()
      .insert()
      .into(RunLogLineEntity)
      .values(rows)
      .updateEntity(false)
      .execute();
    if (written > KEPT.first + KEPT.last) {
      const sequence = Between(KEPT.first + 1, written - KEPT.last);
      await manager.delete(RunLogLineEntity, { runId, sequence });
    }
    waiting.tried = { last, sequence: stored + last - from };
    this.transactions.afterCommit(() => this.settle(runId, waiting, last));
  }

  private settle(runId: string, waiting: WaitingLines, settled: number): void {
    waiting.settled = settled;
    waiting.lines = waiting.lines.filter(({ number }) => number > settled);
    if (waiting.lines.length === 0 && this.waiting.get(runId) === waiting) this.waiting.delete(runId);
  }

  /** As clients get to see it: where on the server something lies is for the log of the service. */
  private shown(text: string): string {
    return shortened(this.withoutFolders(text).replace(unprintable, ''), LONGEST_LINE);
  }

  private get lines() {
    return this.transactions.manager.getRepository(RunLogLineEntity);
  }
}

function nothingWaiting(): WaitingLines {
  return { lines: [], last: 0, settled: 0, tried: { last: 0, sequence: Infinity } };
}

/** Control characters but the tab, and halves of a surrogate pair. */
const unprintable = /[^\P{Cc}\t]|\p{Cs}/gu;

function linesOf(text: string, source: RunLogSource, createdAt = new Date()): SaidLine[] {
  const lines = text.split(/\r\n|[\n\r]/).map((line) => line.trimEnd());
  return lines.filter((line) => line !== '').map((line) => ({ source, text: line, createdAt }));
}
