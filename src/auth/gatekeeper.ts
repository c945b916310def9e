import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ForbiddenError, UnauthorizedError } from '../common/errors.js';
import type { Scope } from '../config/api-key-list.js';
import type { Settings } from '../config/settings.js';
import { isOpen, type Access, type AccessConfig } from './access.js';
import type { ApiKey, ApiKeys } from './api-keys.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The key of the request if it is known. */
    apiKey: ApiKey | null;
  }
}

/** Access of a route that does not declare its access. */
const UNDECLARED: Access = { scopes: ['admin'] };

/** Finds the key of each request. This hook runs first because limits are counted by key. */
export function identifyClients(fastify: FastifyInstance, keys: ApiKeys): void {
  fastify.decorateRequest('apiKey', null);
  fastify.addHook('onRequest', (request, _reply, done) => {
    const sent = keys.areRequired ? sentKey(request) : undefined;
    if (sent !== undefined) request.apiKey = keys.find(sent) ?? null;
    done();
  });
}

/** Refuses requests that may not use a route, before it reads the body. */
export function guardRoutes(fastify: FastifyInstance, keys: ApiKeys, settings: Settings): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const refusal = keys.areRequired ? refusalOf(request, settings) : undefined;
    if (refusal) reply.header('www-authenticate', challengeOf(refusal));
    done(refusal);
  });
}

/** Whether the request comes from monitoring, which must get through under any load. */
export function isForMonitoring(request: FastifyRequest): boolean {
  const access = accessOf(request);
  return 'area' in access && (access.area === 'health' || access.area === 'metrics');
}

/** Whether the request asks for the health of the service, which is open to all. */
export function isForHealth(request: FastifyRequest): boolean {
  const access = accessOf(request);
  return 'area' in access && access.area === 'health';
}

function accessOf(request: FastifyRequest): Access {
  return (request.routeOptions.config as AccessConfig).access ?? UNDECLARED;
}

function refusalOf(request: FastifyRequest, settings: Settings): Refusal | undefined {
  const { apiKey } = request;
  const access = accessOf(request);
  if ('area' in access && (isOpen(access.area) || settings.publicAreas.includes(access.area))) {
    return undefined;
  }
  if (!apiKey) return new MissingKeyError(sentKey(request) !== undefined);
  // Any key may learn that a route does not exist.
  if (request.is404 || apiKey.scopes.includes('admin')) return undefined;
  const wanted = 'area' in access ? scopesOfArea(access.area) : access.scopes;
  return wanted.some((scope) => apiKey.scopes.includes(scope))
    ? undefined
    : new MissingScopeError(apiKey, wanted);
}

type Refusal = MissingKeyError | MissingScopeError;

class MissingKeyError extends UnauthorizedError {
  constructor(readonly wasSent: boolean) {
    super(
      wasSent
        ? 'This key is not known. Check that it is complete, or ask the operator of the service for a new one (npm run api-key).'
        : 'Send an API key: -H "Authorization: Bearer KEY", or -H "X-API-Key: KEY". The operator of the service makes one with npm run api-key.',
    );
  }
}

class MissingScopeError extends ForbiddenError {
  constructor(
    { name }: ApiKey,
    readonly wanted: readonly Scope[],
  ) {
    super(
      `The key ${name} may not do this: it needs the scope ${wanted.join(' or ')}. Use another key, or have the scope added to its entry.`,
    );
  }
}

/** The scopes that open a closed area. Every key may read the documentation. */
function scopesOfArea(area: Exclude<Access, { scopes: unknown }>['area']): readonly Scope[] {
  return area === 'metrics' ? ['metrics'] : ['predict', 'train', 'metrics'];
}

/** The `WWW-Authenticate` header of RFC 6750. */
function challengeOf(refusal: Refusal): string {
  if (refusal instanceof MissingScopeError) {
    return `Bearer realm="wellformed", error="insufficient_scope", scope="${refusal.wanted.join(' ')}"`;
  }
  return refusal.wasSent ? 'Bearer realm="wellformed", error="invalid_token"' : 'Bearer realm="wellformed"';
}

/**
 * Returns the key that the client sent. A proxy may use `Authorization` for another scheme. Then the other
 * header counts.
 */
function sentKey({ headers }: FastifyRequest): string | undefined {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '') ?? [];
  if (bearer !== undefined) return bearer;
  const key = headers['x-api-key'];
  return typeof key === 'string' && key !== '' ? key : undefined;
}
