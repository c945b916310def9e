import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** `npm run dev` passes requests of the page on to a service that runs beside it. */
const SERVICE = process.env.SERVICE_URL ?? 'http://127.0.0.1:3000';
const ROUTES = [
  '/aliases',
  '/base-models',
  '/datasets',
  '/health',
  '/models',
  '/openapi.json',
  '/predict',
  '/sweeps',
  '/train',
  '/whoami',
];

export default defineConfig({
  root: folder('.'),
  // The page may lie below a path of a proxy.
  base: './',
  resolve: { alias: { 'wellformed-client': folder('../packages/client/src/index.ts') } },
  build: {
    outDir: folder('../dist/web'),
    emptyOutDir: true,
    assetsDir: 'assets',
    // The Content-Security-Policy allows no data: script and no inline style.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
  server: { proxy: Object.fromEntries(ROUTES.map((route) => [route, SERVICE])) },
});
