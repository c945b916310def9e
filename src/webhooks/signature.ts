import { createHmac, type KeyObject } from 'node:crypto';

/**
 * Makes the signature headers of Standard Webhooks 1.0.0. They prove the sender and the time of a message.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @param keys each adds a signature, so that a receiver may know either the new or the old secret
 */
export function signedHeaders(
  { id, payload }: { id: string; payload: string },
  at: Date,
  keys: readonly KeyObject[],
): Record<`webhook-${'id' | 'timestamp' | 'signature'}`, string> {
  const timestamp = String(Math.floor(Number(at) / 1000));
  const signatures = keys.map(
    (key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${payload}`).digest('base64')}`,
  );
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
