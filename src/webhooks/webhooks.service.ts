import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ConflictError, DamagedError } from '../common/errors.js';
import type { Page, PageRequest } from '../database/pages.js';
import { Instruments } from '../metrics/instruments.js';
import type { RunEvent } from '../training/run-event.js';
import { TrainingService } from '../training/training.service.js';
import { DeliveriesRepository, type DeliveryFilter } from './deliveries.repository.js';
import { afterAttempt, deliveryStatuses, newDelivery, TEST_TYPE, type Delivery } from './delivery.js';
import { Dispatcher } from './dispatcher.js';
import { isReported, runMessage } from './run-message.js';

/** `stopped`: the receiver answered 410. */
export type WebhooksState = 'off' | 'on' | 'stopped';

/** Sends a message to a receiver when a run ends. */
@Injectable()
export class WebhooksService implements OnModuleInit {
  constructor(
    private readonly deliveries: DeliveriesRepository,
    private readonly dispatcher: Dispatcher,
    private readonly training: TrainingService,
    private readonly instruments: Instruments,
  ) {}

  /** Subscribes before the training service takes up what an earlier process left: some of it may end there. */
  onModuleInit(): void {
    if (this.dispatcher.isOn) this.training.storeWith((runId, event) => this.store(runId, event));
    this.instruments.beforeScrape(() => this.count());
  }

  get state(): WebhooksState {
    if (!this.dispatcher.isOn) return 'off';
    return this.dispatcher.isGone ? 'stopped' : 'on';
  }

  get origin(): string | null {
    return this.dispatcher.origin;
  }

  /** Newest first. */
  list(query: PageRequest, filter: DeliveryFilter): Promise<Page<Delivery>> {
    return this.deliveries.page(query, filter);
  }

  /** @throws NotFoundError */
  get(id: string): Promise<Delivery> {
    return this.deliveries.get(id);
  }

  /**
   * Sends a test message once.
   * @throws ConflictError if webhooks are off
   */
  async test(): Promise<Delivery> {
    this.assertOn();
    const delivery = newDelivery({ type: TEST_TYPE, at: new Date(), data: {} }, null);
    const { attempt } = await this.dispatcher.send(delivery, { redelivery: false });
    const sent = { ...delivery, ...afterAttempt(delivery, attempt, 0) };
    await this.deliveries.insert(sent);
    return sent;
  }

  /**
   * Sends a message once more, whatever its status is.
   * @throws NotFoundError, ConflictError if webhooks are off
   */
  async redeliver(id: string): Promise<Delivery> {
    this.assertOn();
    const delivery = await this.deliveries.get(id);
    const { attempt, retryAfterSeconds } = await this.dispatcher.send(delivery, { redelivery: true });
    return this.deliveries.record(id, attempt, retryAfterSeconds);
  }

  /**
   * Stores a message in the transaction of the event, so that a crash cannot lose the message about the end
   * of a run.
   */
  private async store(runId: string, event: RunEvent): Promise<void> {
    if (!isReported(event)) return;
    const run = await this.training.get(runId).catch((error: Error) => {
      if (error instanceof DamagedError) return null;
      throw error;
    });
    const delivery = newDelivery(runMessage(runId, event, run), runId);
    await this.deliveries.insert(delivery, () => this.dispatcher.wake());
  }

  private assertOn(): void {
    if (this.dispatcher.isOn) return;
    throw new ConflictError(
      'Webhooks are off. Set WELLFORMED_WEBHOOK_URL and WELLFORMED_WEBHOOK_SECRET, and start the service again.',
    );
  }

  private async count(): Promise<void> {
    const counts = await this.deliveries.countByStatus();
    for (const status of deliveryStatuses)
      this.instruments.webhooks.deliveries.set({ status }, counts[status]);
  }
}
