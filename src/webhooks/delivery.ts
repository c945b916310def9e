import { newId } from '../common/identifiers.js';
import { mayTryAgain, retryTime } from './retries.js';

/** `skipped`: the receiver had answered 410 to an earlier message, so this one was not sent. */
export const deliveryStatuses = ['pending', 'delivered', 'failed', 'skipped'] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** What a test sends. */
export const TEST_TYPE = 'webhook.test';

/** Attempts that are kept of a delivery: the last ones. */
const ATTEMPTS_KEPT = 50;

/** What came of sending a message once. */
export interface DeliveryAttempt {
  /** ISO 8601. */
  at: string;
  seconds: number;
  /** Whether somebody asked for it, besides the schedule. */
  redelivery: boolean;
  /** HTTP status of the answer; null where there was none. */
  status: number | null;
  /** The beginning of its body. */
  answer: string | null;
  /** Why there was no answer. */
  error: string | null;
}

/** A message, and how far its delivery is. */
export interface Delivery {
  /** The same in each attempt: receivers know by it what they have seen. */
  id: string;
  /** `run.` and a status, or that of a test. */
  type: string;
  runId: string | null;
  status: DeliveryStatus;
  /** The JSON that is sent, byte for byte. */
  payload: string;
  attempts: DeliveryAttempt[];
  /** Null unless pending. */
  nextAttemptAt: Date | null;
  createdAt: Date;
}

export interface Message {
  type: string;
  /** When it happened. */
  at: Date;
  data: object;
}

export function newDelivery({ type, at, data }: Message, runId: string | null): Delivery {
  const createdAt = new Date();
  return {
    id: newId('msg'),
    type,
    runId,
    status: 'pending',
    payload: JSON.stringify({ type, timestamp: at.toISOString(), data }),
    attempts: [],
    nextAttemptAt: createdAt,
    createdAt,
  };
}

export function isSuccess({ status }: Pick<DeliveryAttempt, 'status'>): boolean {
  return status !== null && status >= 200 && status <= 299;
}

/** The receiver wants no more messages. */
export function isGone({ status }: Pick<DeliveryAttempt, 'status'>): boolean {
  return status === 410;
}

/** What an attempt changes. One that somebody asked for changes no schedule unless it succeeds. */
export function afterAttempt(
  delivery: Delivery,
  attempt: DeliveryAttempt,
  retryAfterSeconds: number,
): Pick<Delivery, 'attempts'> & Partial<Delivery> {
  const all = [...delivery.attempts, attempt];
  const attempts = all.slice(-ATTEMPTS_KEPT);
  if (isSuccess(attempt)) return { attempts, status: 'delivered', nextAttemptAt: null };
  if (attempt.redelivery || delivery.status !== 'pending') return { attempts };
  const tries = all.filter(({ redelivery }) => !redelivery).length;
  if (delivery.type === TEST_TYPE || isGone(attempt) || !mayTryAgain(tries)) {
    return { attempts, status: 'failed', nextAttemptAt: null };
  }
  return { attempts, nextAttemptAt: retryTime(new Date(), tries, retryAfterSeconds) };
}
