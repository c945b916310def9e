import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './command.mjs';
import { engineFolder, nodeModules, root, stampFolder } from './places.mjs';
import { hasStamp, removeStamp, writeStamp } from './stamp.mjs';
import { nodeGyp } from './toolchain.mjs';
import { mayDownloadUnverified, VARIABLE } from './unverified.mjs';

// The same choice as in src/storage/sqlite.ts, which explains it.
const bringsBinary = Number(process.versions.napi) >= 10;
const name = bringsBinary ? 'better-sqlite3-13' : 'better-sqlite3';
const folder = join(nodeModules, name);
const addon = join(folder, 'build', 'Release', 'better_sqlite3.node');

/**
 * Makes sure that better-sqlite3 loads in this Node. Version 13 includes its binary for common platforms. The
 * addon of version 12 depends on Node's binary interface. It is stored for each version of that interface, so
 * that `npm ci` costs a copy and not a minute of compiling.
 */
export const sqlite = {
  name: 'sqlite',
  async run() {
    const stamp = join(stampFolder, 'sqlite.json');
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
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
  if (await loads()) return 'found in place';
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
  // A downloaded binary has no known hash. The lockfile pins the source.
  if (!bringsBinary && mayDownloadUnverified() && (await download())) return 'prebuilt addon downloaded';
  console.log('      Compiling better-sqlite3 (about a minute, once).');
  try {
    await nodeGyp(['rebuild', '--release', '--force_build=1'], {
      cwd: folder,
      label: 'compiling better-sqlite3',
    });
  } catch (error) {
    const advice =
      'Install a C++ compiler, make and Python 3 and run the command again; or take Node 22.14 or later, which needs none of ' +
      `them; or set ${VARIABLE}=1 to download a binary that cannot be checked.`;
    throw new Error(`better-sqlite3 could not be compiled. ${advice}\n${error.message}`, { cause: error });
  }
  return 'compiled';
}

/** Fails if there is none for this machine, or its host cannot be reached. */
function download() {
  const program = join(nodeModules, 'prebuild-install', 'bin.js');
  return run(process.execPath, [program], { cwd: folder, label: 'prebuilt better-sqlite3', limitSeconds: 60 })
    .then(mustLoad)
    .then(...yesOrNo);
}

function loads() {
  return mustLoad().then(...yesOrNo);
}

/** Opens a database in another process, because a broken addon can crash the process that loads it. */
function mustLoad() {
  const script = `new (require('${name}'))(':memory:').prepare('select 1').get()`;
  return run(process.execPath, ['-e', script], {
    cwd: root,
    label: 'loading better-sqlite3',
    limitSeconds: 60,
  });
}

const yesOrNo = [() => true, () => false];

function copyInto(source, destination) {
  mkdirSync(dirname(destination), { recursive: true });
  const temporary = `${destination}.${process.pid}`;
  copyFileSync(source, temporary);
  renameSync(temporary, destination);
}
