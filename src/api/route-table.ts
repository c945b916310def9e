import type { FastifyInstance } from 'fastify';

/**
 * Knows which methods each path accepts. Fastify answers a wrong method like an unknown path. This table
 * tells them apart.
 */
export class RouteTable {
  private readonly routes: { pattern: RegExp; method: string }[] = [];

  constructor(fastify: FastifyInstance) {
    fastify.addHook('onRoute', ({ url, method }) => {
      const pattern = new RegExp(`^${url.split('/').map(segmentPattern).join('/')}/?$`);
      for (const name of [method].flat()) this.routes.push({ pattern, method: name });
    });
  }

  methodsOf(path: string): string[] {
    return [
      ...new Set(this.routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)),
    ].sort();
  }
}

function segmentPattern(segment: string): string {
  if (segment === '*') return '.+';
  return segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
