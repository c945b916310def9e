import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ForbiddenError } from '../common/errors.js';
import { quoted } from '../common/text.js';
import type { Settings } from '../config/settings.js';
import { isLoopback, type ApiKeys } from './api-keys.js';
import { isForHealth } from './gatekeeper.js';

/**
 * Checks by the `Host` header whether a request may be answered. This prevents DNS rebinding: a web page can
 * make its own name point to this machine, and the browser then treats the service as part of that page. Such
 * requests carry the page's name in `Host`, which the page cannot change. A request with an IP address as
 * `Host` cannot come from such a page. Nor can a request with a key.
 *
 * @param areKeysRequired whether requests need a key
 */
export function hostNameCheck(
  { host, hostNames }: Settings,
  areKeysRequired: boolean,
): (sent: string | undefined) => boolean {
  if (hostNames === 'any' || (hostNames === 'auto' && (areKeysRequired || !isLoopback(host))))
    return () => true;
  const known = new Set(['localhost', host.toLowerCase(), ...(hostNames === 'auto' ? [] : hostNames)]);
  // HTTP/1.0 has no Host header. An earlier step refuses HTTP/1.1 requests without one.
  return (sent) => sent === undefined || isKnown(nameOf(sent), known);
}

/** Refuses requests with a foreign host name, before it reads the body. */
export function refuseForeignNames(fastify: FastifyInstance, keys: ApiKeys, settings: Settings): void {
  const mayAnswer = hostNameCheck(settings, keys.areRequired);
  fastify.addHook('onRequest', (request, _reply, done) => {
    const sent = request.headers.host;
    done(mayAnswer(sent) || isForHealth(request) ? undefined : new ForbiddenError(refusal(sent)));
  });
}

/** The error message for a request with a foreign host name. */
export function refusal(sent: string | undefined): string {
  return (
    `This service does not answer to the name ${quoted(nameOf(sent ?? ''), 100)}. Ask it by its address or as localhost, or ` +
    'have the name added to WELLFORMED_HOST_NAMES.'
  );
}

function isKnown(name: string, known: ReadonlySet<string>): boolean {
  if (known.has(name) || name.endsWith('.localhost')) return true;
  return isIP(name.startsWith('[') ? name.slice(1, -1) : name) !== 0;
}

/** Removes the port, and the dot that a full name may end with. */
function nameOf(sent: string): string {
  return sent.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}
