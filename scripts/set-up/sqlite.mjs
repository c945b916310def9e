import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { run } from './command.mjs';
import { engineFolder, nodeModules, root, stampFolder } from './places.mjs';
import { hasStamp, removeStamp, writeStamp } from './stamp.mjs';
import { nodeGyp } from './toolchain.mjs';

const folder = join(nodeModules, 'better-sqlite3');
const addon = join(folder, 'build', 'Release', 'better_sqlite3.node');

/**
 * Makes better-sqlite3's native addon for this Node. It is bound to Node's binary interface, so it is kept per version of that: changing
 * Node, or `npm ci`, costs a copy and not a minute of compiling.
 */
export const sqlite = {
  name: 'sqlite',
  async run() {
    const stamp = join(stampFolder, 'sqlite.json');
    const { version } = createRequire(import.meta.url)(join(folder, 'package.json'));
    const build = `${version}-abi${process.versions.modules}-${process.platform}-${process.arch}`;
    const kept = join(engineFolder, `better-sqlite3-${build}.node`);
    if (hasStamp(stamp, stampContent(build))) return 'already done';
    removeStamp(stamp);

    const done = await provide(kept);
    writeStamp(stamp, stampContent(build));
    return done;
  },
};

async function provide(kept) {
  if (existsSync(addon) && (await loads())) return 'found in place';
  if (existsSync(kept)) {
    copyInto(kept, addon);
    if (await loads()) return 'copied from .engine/';
  }
  const done = await make();
  await mustLoad();
  copyInto(addon, kept);
  return done;
}

function stampContent(build) {
  return { build, bytes: existsSync(addon) ? statSync(addon).size : 0 };
}

async function make() {
  rmSync(join(folder, 'build'), { recursive: true, force: true });
  try {
    const download = join(nodeModules, 'prebuild-install', 'bin.js');
    await run(process.execPath, [download], {
      cwd: folder,
      label: 'prebuilt better-sqlite3',
      limitSeconds: 60,
    });
    if (await loads()) return 'prebuilt addon downloaded';
  } catch {
    // No prebuilt addon for this machine, or its host is out of reach: compile.
  }
  console.log('      No prebuilt better-sqlite3 could be had: compiling it (about a minute).');
  try {
    await nodeGyp(['rebuild', '--release'], { cwd: folder, label: 'compiling better-sqlite3' });
  } catch (error) {
    const advice = 'Install a C++ compiler, make and Python 3 and run the command again.';
    throw new Error(`better-sqlite3 could not be compiled. ${advice}\n${error.message}`, { cause: error });
  }
  return 'compiled';
}

async function loads() {
  return mustLoad().then(
    () => true,
    () => false,
  );
}

/** Opens a database in another process: a bad addon can end the process that loads it. */
function mustLoad() {
  const script = `new (require('better-sqlite3'))(':memory:').prepare('select 1').get()`;
  return run(process.execPath, ['-e', script], {
    cwd: root,
    label: 'loading better-sqlite3',
    limitSeconds: 60,
  });
}

function copyInto(source, destination) {
  mkdirSync(dirname(destination), { recursive: true });
  const temporary = `${destination}.${process.pid}`;
  copyFileSync(source, temporary);
  renameSync(temporary, destination);
}
