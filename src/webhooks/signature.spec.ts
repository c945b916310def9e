import { createSecretKey, randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { signedHeaders } from './signature.js';

const newKey = () => {
  const bytes = randomBytes(32);
  return { key: createSecretKey(bytes), webhook: new Webhook(`whsec_${bytes.toString('base64')}`) };
};
const message = { id: 'msg_01JD3XA1B2C3D4E5F6G7H8J9K0', payload: '{"type":"run.failed","name":"café 😀"}' };

describe('the signature of a message', () => {
  it('is one that the reference implementation of Standard Webhooks accepts', () => {
    const { key, webhook } = newKey();
    const headers = signedHeaders(message, new Date(), [key]);
    expect(webhook.verify(message.payload, headers)).toEqual(JSON.parse(message.payload));
    expect(() => webhook.verify(`${message.payload} `, headers)).toThrow('No matching signature');
    expect(() => webhook.verify(message.payload, { ...headers, 'webhook-id': 'msg_2' })).toThrow(
      'No matching signature',
    );
    expect(() => newKey().webhook.verify(message.payload, headers)).toThrow('No matching signature');
  });

  it('is given for each key, so that a secret can be replaced', () => {
    const [replaced, replacing] = [newKey(), newKey()];
    const headers = signedHeaders(message, new Date(), [replacing.key, replaced.key]);
    for (const { webhook } of [replaced, replacing]) {
      expect(webhook.verify(message.payload, headers)).toBeTruthy();
    }
  });

  it('is of the time of the attempt: an old one is refused', () => {
    const { key, webhook } = newKey();
    const headers = signedHeaders(message, new Date(Date.now() - 10 * 60_000), [key]);
    expect(() => webhook.verify(message.payload, headers)).toThrow('too old');
  });
});
