import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, stampFolder } from './places.mjs';
import { hasStamp, removeStamp, sha256, writeStamp } from './stamp.mjs';
import { npm } from './toolchain.mjs';

/**
 * Installs exactly what the lockfile lists. No install script of a package runs. The two packages that need
 * one have their own steps. Development dependencies are always included, because the service is built from
 * source.
 */
export const dependencies = {
  name: 'dependencies',
  async run() {
    const stamp = join(stampFolder, 'dependencies.json');
    const content = { lockfile: sha256(readFileSync(join(root, 'package-lock.json'))) };
    if (hasStamp(stamp, content)) return 'already done';
    removeStamp(stamp);
    await npm(['ci', '--ignore-scripts', '--include=dev', '--loglevel=error'], {
      cwd: root,
      label: 'npm ci',
    });
    writeStamp(stamp, content);
    return 'installed';
  },
};
