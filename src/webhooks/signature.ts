import { createHmac, type KeyObject } from 'node:crypto';

/**
 * The headers by which a receiver knows who sent a message and when, as Standard Webhooks 1.0.0 has them.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @param keys the signature of each is given: a receiver may know the new or the old one
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
