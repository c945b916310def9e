import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Resolver for eslint-plugin-boundaries. It finds `./x.ts` for an import of `./x.js` and ignores packages. */
export const interfaceVersion = 2;

export { resolveImport as resolve };

function resolveImport(specifier, importer) {
  if (!specifier.startsWith('.')) return { found: false };
  const written = resolve(dirname(importer), specifier);
  const path = [written.replace(/\.js$/, '.ts'), written].find((candidate) => existsSync(candidate));
  return path ? { found: true, path } : { found: false };
}
