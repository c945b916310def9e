import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

/**
 * Returns a SHA-256 (hex) of what a request to a route asks for. The order of fields and the boundary of a
 * form do not matter. A form must have been read with its `formDigest`.
 */
export function fingerprintOf({ headers, params, query, body, formDigest }: FastifyRequest): string {
  const [type = ''] = (headers['content-type'] ?? '').split(';', 1);
  const content = formDigest?.parts ?? body ?? null;
  const text = sortedJson([params, query, type.trim().toLowerCase(), content]);
  return createHash('sha256').update(text).digest('hex');
}

/** JSON with the members of every object sorted by name. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
