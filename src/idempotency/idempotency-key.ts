import type { IncomingHttpHeaders } from 'node:http';
import { MalformedRequestError } from '../common/errors.js';

export const IDEMPOTENCY_KEY_HEADER = 'Idempotency-Key';

/** The maximum length in characters, without quote marks. */
export const LONGEST_IDEMPOTENCY_KEY = 255;

/** A string of Structured Fields (RFC 9651), as the draft requires. */
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;
const KEY = new RegExp(`^[!-~]{1,${LONGEST_IDEMPOTENCY_KEY}}$`);

/**
 * Returns the idempotency key of a request; undefined if it has none. The draft requires quote marks, but
 * most clients send none. Both forms are the same key.
 * @throws MalformedRequestError
 */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const sent = headers['idempotency-key'];
  if (sent === undefined) return undefined;
  // Node joins repeated headers with a comma and a space.
  const text = String(sent);
  const quoted = QUOTED.exec(text)?.[1]?.replace(/\\(.)/g, '$1');
  const key = quoted ?? (text.startsWith('"') ? '' : text);
  if (KEY.test(key)) return key;
  throw new MalformedRequestError(
    `${IDEMPOTENCY_KEY_HEADER} must be one key of 1 to ${LONGEST_IDEMPOTENCY_KEY} visible ASCII characters without spaces, ` +
      'with or without quote marks around it. Send a new UUID.',
  );
}
