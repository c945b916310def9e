import { describe, expect, it } from 'vitest';
import { afterAttempt, newDelivery, TEST_TYPE, type Delivery, type DeliveryAttempt } from './delivery.js';
import { MOST_ATTEMPTS } from './retries.js';

const attempt = (changes: Partial<DeliveryAttempt> = {}): DeliveryAttempt => ({
  at: '2026-01-01T00:00:00.000Z',
  seconds: 0.1,
  redelivery: false,
  status: 500,
  answer: '',
  error: null,
  ...changes,
});
const message = { type: 'run.failed', at: new Date(), data: {} };
const pending = () => newDelivery(message, 'run_1');
const after = (delivery: Delivery, changes: Partial<DeliveryAttempt> = {}): Delivery => ({
  ...delivery,
  ...afterAttempt(delivery, attempt(changes), 0),
});

describe('a delivery', () => {
  it('is given up after so many attempts in vain', () => {
    let delivery = pending();
    for (let tries = 1; tries < MOST_ATTEMPTS; tries++) {
      delivery = after(delivery, tries % 2 ? {} : { status: null, error: 'no answer' });
      expect([delivery.status, delivery.attempts.length]).toEqual(['pending', tries]);
      expect(Number(delivery.nextAttemptAt)).toBeGreaterThan(Date.now());
    }
    expect(after(delivery)).toMatchObject({ status: 'failed', nextAttemptAt: null });
    expect(after(delivery, { status: 299 })).toMatchObject({ status: 'delivered', nextAttemptAt: null });
  });

  it.each([199, 300, 301, 404, 429, 503, null])('is not delivered by the status %s', (status) => {
    expect(after(pending(), { status }).status).toBe('pending');
  });

  it('is given up at 410, and at once where it is a test', () => {
    expect(after(pending(), { status: 410 }).status).toBe('failed');
    expect(after(newDelivery({ ...message, type: TEST_TYPE }, null)).status).toBe('failed');
  });

  it('keeps its schedule where somebody asked for an attempt in vain', () => {
    const waiting = after(pending());
    const asked = after(waiting, { redelivery: true });
    expect({ ...asked, attempts: [] }).toEqual({ ...waiting, attempts: [] });
    expect(asked.attempts).toHaveLength(2);
    const given = { ...waiting, status: 'failed' as const, nextAttemptAt: null };
    expect(after(given, { redelivery: true })).toMatchObject({ status: 'failed', nextAttemptAt: null });
    expect(after(given, { redelivery: true, status: 204 }).status).toBe('delivered');
  });

  it('keeps its last 50 attempts', () => {
    let delivery = pending();
    for (let i = 0; i < 60; i++) delivery = after(delivery, { redelivery: true, answer: String(i) });
    expect(delivery.attempts.map(({ answer }) => answer)).toEqual(
      Array.from({ length: 50 }, (_, i) => String(i + 10)),
    );
  });
});
