import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from './command.mjs';
import { nodeModules, root } from './places.mjs';
import { hasStamp, removeStamp, sha256, writeStamp } from './stamp.mjs';

const stamp = join(root, 'dist', '.build.json');

/** Compiles `src/` to `dist/` with `nest build`, unless `dist/` was made from these very sources. */
export const build = {
  name: 'build',
  async run() {
    const content = { sources: hashOfSources(root) };
    if (hasStamp(stamp, content)) return 'already done';
    removeStamp(stamp);
    const nest = join(nodeModules, '@nestjs', 'cli', 'bin', 'nest.js');
    await run(process.execPath, [nest, 'build'], { cwd: root, label: 'nest build' });
    writeStamp(stamp, content);
    return 'built';
  },
};

/** A hash over all that the build reads; tests are not built. */
export function hashOfSources(folder) {
  const settings = [
    'nest-cli.json',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
  ];
  const sources = readdirSync(join(folder, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)));
  const files = [...settings.filter((name) => existsSync(join(folder, name))), ...sources].sort();
  return sha256(...files.flatMap((name) => [name, '\0', sha256(readFileSync(join(folder, name)))]));
}
