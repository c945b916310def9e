import { Counter, Gauge, type Registry } from 'prom-client';

export type AttemptOutcome = 'delivered' | 'rejected' | 'unreachable' | 'forbidden';

/** Metrics of webhook messages and delivery attempts. */
export class WebhookInstruments {
  readonly deliveries: Gauge<'status'>;
  readonly attempts: Counter<'outcome'>;

  constructor(registry: Registry) {
    const on = { registers: [registry] };
    this.deliveries = new Gauge({
      ...on,
      name: 'wellformed_webhook_deliveries',
      help: 'Webhook deliveries in the database, by status (pending, delivered, failed, skipped).',
      labelNames: ['status'] as const,
    });
    this.attempts = new Counter({
      ...on,
      name: 'wellformed_webhook_attempts_total',
      help: 'Attempts to deliver a webhook, by outcome (delivered; rejected: another status than 2xx, unreachable, forbidden: a private address).',
      labelNames: ['outcome'] as const,
    });
  }
}
