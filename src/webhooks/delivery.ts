import { newId } from '../common/identifiers.js';
import { mayTryAgain, retryTime } from './retries.js';

/** `skipped`: the receiver answered 410 to an earlier message, so this one was not sent. */
export const deliveryStatuses = ['pending', 'delivered', 'failed', 'skipped'] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** Type of a test message. */
export const TEST_TYPE = 'webhook.test';

/** The maximum number of stored attempts of a delivery. Only the last ones are kept. */
const ATTEMPTS_KEPT = 50;

/** Result of sending a message once. */
export interface DeliveryAttempt {
  /** ISO 8601. */
  at: string;
  seconds: number;
  /** Whether a user asked for it outside the schedule. */
  redelivery: boolean;
  /** HTTP status of the answer; null if there was none. */
  status: number | null;
  /** Beginning of the answer's body. */
  answer: string | null;
  /** Why there was no answer. */
  error: string | null;
}

/** A message and the state of its delivery. */
export interface Delivery {
  /** Id of the message. It is the same in each attempt, so that receivers recognise a repeated message. */
  id: string;
  /** `run.` and a status, or {@link TEST_TYPE}. */
  type: string;
  runId: string | null;
  status: DeliveryStatus;
  /** The exact JSON text that is sent. */
  payload: string;
  attempts: DeliveryAttempt[];
  /** Null unless the delivery is pending. */
  nextAttemptAt: Date | null;
  createdAt: Date;
}

export interface Message {
  type: string;
  /** Time of the event. */
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

/** Whether the answer says that the receiver wants no more messages. */
export function isGone({ status }: Pick<DeliveryAttempt, 'status'>): boolean {
  return status === 410;
}

/**
 * Returns the changes that an attempt makes. An attempt that a user asked for changes the schedule only if it
 * succeeds.
 */
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
