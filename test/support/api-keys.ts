import { createHash, randomBytes } from 'node:crypto';

/** Makes a key, its entry for the settings, and the request headers that carry it. */
export function newApiKey(name: string, ...scopes: string[]) {
  const key = `wf_${randomBytes(32).toString('base64url')}`;
  const entry = `${name}:${scopes.join('+')}:${createHash('sha256').update(key).digest('hex')}`;
  return { key, entry, headers: { authorization: `Bearer ${key}` } };
}
