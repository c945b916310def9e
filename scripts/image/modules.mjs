// node scripts/image/modules.mjs cpu|gpu FOLDER: installs the packages that the service needs at run time
// into FOLDER/node_modules. It leaves out packages for building and testing, and parts that this machine or
// image never loads.
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../set-up/places.mjs';
import { runScript } from '../set-up/script.mjs';
import { npm } from '../set-up/toolchain.mjs';
import { removeUnused } from './unused-files.mjs';
import { readVariant } from './variants.mjs';

const lists = ['package.json', 'package-lock.json', '.npmrc'];

await runScript(async () => {
  const { variant, folder } = readVariant(process.argv.slice(2), 'modules.mjs');
  mkdirSync(folder, { recursive: true });
  for (const name of lists) copyFileSync(join(root, name), join(folder, name));
  try {
    await npm(['ci', '--omit=dev', '--ignore-scripts', '--loglevel=error'], {
      cwd: folder,
      label: 'npm ci --omit=dev',
    });
  } finally {
    for (const name of lists) rmSync(join(folder, name), { force: true });
  }
  const addon = join('node_modules', 'better-sqlite3', 'build', 'Release', 'better_sqlite3.node');
  if (existsSync(join(root, addon))) {
    mkdirSync(join(folder, addon, '..'), { recursive: true });
    copyFileSync(join(root, addon), join(folder, addon));
  }
  const bytes = removeUnused(join(folder, 'node_modules'), { variant });
  console.log(
    `The packages are in ${folder}; ${(bytes / 1e6).toFixed(0)} MB that are never loaded were left out.`,
  );
});
