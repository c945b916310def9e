import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ForbiddenError } from '../common/errors.js';
import { quoted } from '../common/text.js';
import type { Settings } from '../config/settings.js';
import { isLoopback, type ApiKeys } from './api-keys.js';
import { isForHealth } from './gatekeeper.js';

/**
 * Tells by the `Host` of a request whether it may be answered. A page can have its own name point to this machine (DNS rebinding),
 * and its requests then count as those of the service's own pages; but they bear the page's name, which no page can change.
 * An address as `Host` is none of a page's, and whoever has a key is no page.
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
  // HTTP/1.0 knows no Host; HTTP/1.1 without one is refused before.
  return (sent) => sent === undefined || isKnown(nameOf(sent), known);
}

/** Turns away requests under a foreign name, before anything of the body is read. */
export function refuseForeignNames(fastify: FastifyInstance, keys: ApiKeys, settings: Settings): void {
  const mayAnswer = hostNameCheck(settings, keys.areRequired);
  fastify.addHook('onRequest', (request, _reply, done) => {
    const sent = request.headers.host;
    done(mayAnswer(sent) || isForHealth(request) ? undefined : new ForbiddenError(refusal(sent)));
  });
}

/** What to tell whoever asked under a foreign name. */
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

/** Without the port, and without the dot that a full name may end with. */
function nameOf(sent: string): string {
  return sent.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}
