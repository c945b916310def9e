import type { IncomingHttpHeaders } from 'node:http';
import { MalformedRequestError } from '../common/errors.js';

export const IDEMPOTENCY_KEY_HEADER = 'Idempotency-Key';

/** In characters, without quote marks. */
export const LONGEST_IDEMPOTENCY_KEY = 255;

/** A string as Structured Fields (RFC 9651) have it: the draft asks for one. */
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;
const KEY = new RegExp(`^[!-~]{1,${LONGEST_IDEMPOTENCY_KEY}}$`);

/**
 * The key of a request; undefined where it has none. The draft has it in quote marks, and most clients send it without: both are the
 * same key.
 * @throws MalformedRequestError
 */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const sent = headers['idempotency-key'];
  if (sent === undefined) return undefined;
  // Node joins a header that came twice with a comma and a space.
  const text = String(sent);
  const quoted = QUOTED.exec(text)?.[1]?.replace(/\\(.)/g, '$1');
  const key = quoted ?? (text.startsWith('"') ? '' : text);
  if (KEY.test(key)) return key;
  throw new MalformedRequestError(
    `${IDEMPOTENCY_KEY_HEADER} must be one key of 1 to ${LONGEST_IDEMPOTENCY_KEY} visible ASCII characters without spaces, ` +
      'with or without quote marks around it. Send a new UUID.',
  );
}
