import { applyDecorators } from '@nestjs/common';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import { ApiExtension } from '@nestjs/swagger';
import { ApiGateProblems } from '../api/api-problems.decorator.js';
import type { PublicArea } from '../config/http-settings.js';
import type { Scope } from '../config/api-key-list.js';

/** Areas that are open to all, whatever the settings are: the health of the service and the files of its page. */
export type OpenArea = 'health' | 'page';

/** Who may use a route: keys with one of these scopes or `admin`, or everyone who may see an area. */
export type Access = { scopes: readonly Scope[] } | { area: PublicArea | OpenArea };

/** The property of a route's Fastify configuration that holds its access. */
export interface AccessConfig {
  access?: Access;
}

/** OpenAPI extension with a route's scopes. A key needs one of them. If keys are required, it becomes `security`. */
export const SCOPES_EXTENSION = 'x-scopes';

/** Allows keys with one of these scopes, or `admin`, to use a route. A route without this or `Area` needs `admin`. */
export function Needs(...scopes: Scope[]): MethodDecorator {
  return applyDecorators(
    routeAccess({ scopes }),
    ApiGateProblems(),
    ApiExtension(SCOPES_EXTENSION, [...new Set([...scopes, 'admin'])]),
  );
}

/** Puts a route in an area. An area is open to all, or the settings may open it. */
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

/**
 * Extends the value of `@RouteConfig`. Put `@RouteConfig` below it: decorators are applied from the last to
 * the first.
 */
function routeAccess(access: Access): MethodDecorator {
  return (_target, _name, descriptor) => {
    const handler = descriptor.value as object;
    const config = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as object | undefined;
    Reflect.defineMetadata(FASTIFY_ROUTE_CONFIG_METADATA, { ...config, access }, handler);
  };
}
