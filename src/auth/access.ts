import { applyDecorators } from '@nestjs/common';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import { ApiExtension } from '@nestjs/swagger';
import { ApiGateProblems } from '../api/api-problems.decorator.js';
import type { PublicArea } from '../config/http-settings.js';
import type { Scope } from '../config/api-key-list.js';

/** What is open to all, whatever the settings say: the health of the service, and the files of its page. */
export type OpenArea = 'health' | 'page';

/** Who may use a route: keys with any of these scopes (or with `admin`), or whoever may see an area. */
export type Access = { scopes: readonly Scope[] } | { area: PublicArea | OpenArea };

/** What the access of a route is called in its Fastify configuration. */
export interface AccessConfig {
  access?: Access;
}

/** In the OpenAPI document: which scopes, of which a key needs one. Where keys are asked for, it becomes `security`. */
export const SCOPES_EXTENSION = 'x-scopes';

/** Lets keys with any of these scopes use a route, and those with `admin`. A route without this or `Area` takes `admin` alone. */
export function Needs(...scopes: Scope[]): MethodDecorator {
  return applyDecorators(
    routeAccess({ scopes }),
    ApiGateProblems(),
    ApiExtension(SCOPES_EXTENSION, [...new Set([...scopes, 'admin'])]),
  );
}

/** Makes a route part of an area, which is open to all or may be opened by the settings. */
export function Area(area: PublicArea | OpenArea): MethodDecorator {
  if (isOpen(area)) return routeAccess({ area });
  return applyDecorators(
    routeAccess({ area }),
    ApiGateProblems(),
    ApiExtension(SCOPES_EXTENSION, [area, 'admin']),
  );
}

export function isOpen(area: PublicArea | OpenArea): area is OpenArea {
  return area === 'health' || area === 'page';
}

/** Adds to what `@RouteConfig` says, which therefore stands below: decorators are applied from the last to the first. */
function routeAccess(access: Access): MethodDecorator {
  return (_target, _name, descriptor) => {
    const handler = descriptor.value as object;
    const config = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as object | undefined;
    Reflect.defineMetadata(FASTIFY_ROUTE_CONFIG_METADATA, { ...config, access }, handler);
  };
}
