import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** For eslint-plugin-boundaries: finds `./x.ts` behind the `./x.js` that an import of ours says. Packages are no concern of it. */
export const interfaceVersion = 2;

export { resolveImport as resolve };

function resolveImport(specifier, importer) {
  if (!specifier.startsWith('.')) return { found: false };
  const written = resolve(dirname(importer), specifier);
  const path = [written.replace(/\.js$/, '.ts'), written].find((candidate) => existsSync(candidate));
  return path ? { found: true, path } : { found: false };
}
