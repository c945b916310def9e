import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { AccessConfig } from '../auth/access.js';
import { type PagesConfig, withPolicy } from '../http/browser-protection.js';

/** Where `npm run build` puts the page. Tests that run the sources have none. */
const folder = fileURLToPath(new URL('../../dist/web/', import.meta.url));

/** Files of the page alone: nothing inline, and nothing from elsewhere. */
export const PAGE_POLICY = withPolicy(
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
);

/** The names of these files hold a hash of what is in them. */
const HASHED = /\/assets\//;

/** Serves the files of the page, packed as the browser takes them. They are open to all: they hold nothing of what the service stores. */
@Injectable()
export class PageFiles {
  /** The page itself, which names all other files; undefined where it was not built. */
  readonly html = existsSync(folder) ? readFileSync(path.join(folder, 'index.html'), 'utf8') : undefined;

  /** Loads with all else, when the service starts: Fastify settles who answers errors as soon as somebody waits for a plugin. */
  serve(fastify: FastifyInstance): void {
    if (this.html === undefined) return;
    void fastify.register(async (files) => {
      files.addHook('onRoute', (route) => {
        const config: AccessConfig & PagesConfig = { access: { area: 'page' }, policy: PAGE_POLICY };
        route.config = Object.assign(route.config ?? {}, config);
      });
      await files.register(fastifyStatic, {
        root: folder,
        prefix: '/',
        // A route for each file: no other path is looked up on the disk.
        wildcard: false,
        globIgnore: ['index.html', '**/*.br', '**/*.gz'],
        decorateReply: false,
        index: false,
        preCompressed: true,
        cacheControl: false,
        setHeaders: (reply, path) => {
          reply.header(
            'cache-control',
            HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
          );
        },
      });
    });
  }
}
