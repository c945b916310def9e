import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { AccessConfig } from '../auth/access.js';
import { type PagesConfig, withPolicy } from '../http/browser-protection.js';

/** The folder into which `npm run build` writes the page. It is missing when tests run the sources. */
const folder = fileURLToPath(new URL('../../dist/web/', import.meta.url));

/** Allows only the page's own files: nothing inline, and nothing from other origins. */
export const PAGE_POLICY = withPolicy(
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
);

/** These file names contain a hash of the content. */
const HASHED = /\/assets\//;

/**
 * Serves the files of the page, compressed as the browser accepts. They are open to all because they hold
 * nothing that the service stores.
 */
@Injectable()
export class PageFiles {
  /** The HTML of the page, which names all other files. Undefined if the page was not built. */
  readonly html = existsSync(folder) ? readFileSync(path.join(folder, 'index.html'), 'utf8') : undefined;

  /**
   * Registers without `await`. Fastify fixes the error handler as soon as somebody awaits a plugin, so the
   * plugin loads with the others at startup.
   */
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
        // Registers one route per file, so that no other path is looked up on the disk.
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
