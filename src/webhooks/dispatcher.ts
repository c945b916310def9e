import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { buildInfo } from '../common/build-info.js';
import { untilStored } from '../common/until-stored.js';
import { Settings } from '../config/settings.js';
import { Instruments } from '../metrics/instruments.js';
import type { AttemptOutcome } from '../metrics/webhook-instruments.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { isGone, isSuccess, type Delivery, type DeliveryAttempt } from './delivery.js';
import { post, PrivateAddressError } from './post.js';
import { retryAfterOf } from './retries.js';
import { signedHeaders } from './signature.js';

/** The maximum number of messages that are sent at the same time. */
const SENT_AT_ONCE = 4;

/** The maximum time between two looks at the database, in milliseconds. */
const LONGEST_SLEEP = 3_600_000;

/** Pause after a database error, in milliseconds. */
const PAUSE_AFTER_ERROR = 30_000;

/**
 * Time for running attempts at shutdown, in milliseconds. A message that is cut off is sent again at the next
 * start.
 */
const FAREWELL_MS = 2000;

const DAYS_KEPT = 30;

/** Result of an attempt. */
interface Sent {
  attempt: DeliveryAttempt;
  retryAfterSeconds: number;
}

/** Sends deliveries when they are due. */
@Injectable()
export class Dispatcher implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger('Webhooks');
  private readonly url: URL | undefined;
  private readonly stop = new AbortController();
  private isStopped = false;
  /** Whether deliveries may have been added since the last look at the database. */
  private isStale = false;
  private working: Promise<void> | undefined;
  private alarm: NodeJS.Timeout | undefined;
  private gone = false;

  constructor(
    private readonly deliveries: DeliveriesRepository,
    private readonly settings: Settings,
    private readonly instruments: Instruments,
  ) {
    if (settings.webhookUrl !== 'none') this.url = new URL(settings.webhookUrl);
  }

  get isOn(): boolean {
    return this.url !== undefined;
  }

  /** Origin of the receiver. The path is left out because it may be a secret. */
  get origin(): string | null {
    return this.url?.origin ?? null;
  }

  /** Whether the receiver said that it wants no more messages. */
  get isGone(): boolean {
    return this.gone;
  }

  onApplicationBootstrap(): void {
    this.wake();
  }

  onModuleDestroy(): void {
    this.isStopped = true;
    clearTimeout(this.alarm);
    if (this.working) setTimeout(() => this.stop.abort(), FAREWELL_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.working;
  }

  /** Call this when something may be due. */
  wake(): void {
    if (!this.isOn || this.isStopped) return;
    this.isStale = true;
    this.working ??= this.work();
  }

  /**
   * Sends a message once, now.
   * @param options.signal aborts the attempt, which then throws
   * @returns the result, which is not stored yet
   */
  async send(
    delivery: Delivery,
    { redelivery, signal }: { redelivery: boolean; signal?: AbortSignal },
  ): Promise<Sent> {
    const at = new Date();
    const begun = performance.now();
    const attempt = (result: Pick<DeliveryAttempt, 'status' | 'answer' | 'error'>): DeliveryAttempt => ({
      at: at.toISOString(),
      seconds: Number(((performance.now() - begun) / 1000).toFixed(3)),
      redelivery,
      ...result,
    });
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(delivery.payload)),
      'user-agent': `Wellformed/${buildInfo.version}`,
      ...signedHeaders(delivery, at, this.settings.webhookSecrets),
    };
    try {
      const { status, body, retryAfter } = await post(this.url!, headers, delivery.payload, {
        allowPrivate: this.settings.webhookAllowPrivate,
        signal,
      });
      const answered = attempt({ status, answer: body, error: null });
      if (isSuccess(answered)) this.gone = false;
      this.count(isSuccess(answered) ? 'delivered' : 'rejected');
      return { attempt: answered, retryAfterSeconds: retryAfterOf(retryAfter) };
    } catch (error) {
      if (signal?.aborted) throw error;
      this.count(error instanceof PrivateAddressError ? 'forbidden' : 'unreachable');
      const { message } = error as Error;
      return { attempt: attempt({ status: null, answer: null, error: message }), retryAfterSeconds: 0 };
    }
  }

  private async work(): Promise<void> {
    while (this.isStale && !this.isStopped) {
      this.isStale = false;
      try {
        const next = await this.deliveries.nextAttemptAfter(await this.sendDue());
        if (next) this.sleep(Math.min(Math.max(0, Number(next) - Date.now()), LONGEST_SLEEP));
        await this.deliveries.deleteEnded(new Date(Date.now() - DAYS_KEPT * 86_400_000));
      } catch (error) {
        this.logger.error(`Webhooks cannot be sent now: ${(error as Error).message}`, (error as Error).stack);
        this.sleep(PAUSE_AFTER_ERROR);
      }
    }
    this.working = undefined;
  }

  private sleep(milliseconds: number): void {
    clearTimeout(this.alarm);
    if (!this.isStopped) this.alarm = setTimeout(() => this.wake(), milliseconds).unref();
  }

  /** @returns a time up to which nothing is due any more */
  private async sendDue(): Promise<Date> {
    for (;;) {
      const now = new Date();
      if (this.gone) await this.skip();
      const due = await this.deliveries.due(now, SENT_AT_ONCE);
      if (due.length === 0 || this.isStopped) return now;
      await Promise.all(due.map((delivery) => this.attempt(delivery)));
    }
  }

  private async attempt(delivery: Delivery): Promise<void> {
    const { id } = delivery;
    // The service shuts down. The next start sends the message.
    const sent = await this.send(delivery, { redelivery: false, signal: this.stop.signal }).catch(
      () => undefined,
    );
    if (!sent) return;
    if (isGone(sent.attempt)) this.gone = true;
    // Until the result is stored, the message counts as due and would be sent again and again.
    await untilStored(
      async () => this.tell(await this.deliveries.record(id, sent.attempt, sent.retryAfterSeconds)),
      {
        failed: (reason) =>
          this.logger.error(`What came of webhook ${id} could not be stored: ${reason.message}`, {
            deliveryId: id,
          }),
        isGivenUp: () => this.isStopped,
        signal: this.stop.signal,
      },
    );
  }

  private async skip(): Promise<void> {
    const skipped = await this.deliveries.skipPending();
    if (skipped === 0) return;
    this.logger.warn(
      `${skipped} webhooks were not sent: the receiver had answered 410 (Gone). POST /webhooks/test sends again once it accepts messages.`,
    );
  }

  private tell({ id, type, runId, status, attempts, nextAttemptAt }: Delivery): void {
    const { status: answer, error } = attempts.at(-1)!;
    const fields = { deliveryId: id, ...(runId && { runId }) };
    if (status === 'delivered') {
      this.logger.log(`Webhook ${id} (${type}) was delivered`, fields);
      return;
    }
    const reason = error ?? `The receiver answered ${answer}.`;
    const next = nextAttemptAt ? `The next attempt is at ${nextAttemptAt.toISOString()}` : 'It is given up';
    this.logger.warn(`Webhook ${id} (${type}) was not delivered. ${reason} ${next}`, fields);
  }

  private count(outcome: AttemptOutcome): void {
    this.instruments.webhooks.attempts.inc({ outcome });
  }
}
