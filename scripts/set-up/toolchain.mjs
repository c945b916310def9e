import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { run } from './command.mjs';

/** Runs npm with the current Node, not with the one that npm's first line would find. */
export function npm(args, options) {
  return run(process.execPath, [npmCli(), ...args], options);
}

/**
 * Compiles an addon with npm's node-gyp. Node's headers are those of the current Node or of the `nodedir` in
 * npm's settings, if they match this version. Otherwise node-gyp downloads them.
 */
export function nodeGyp(args, options = {}) {
  const headers = headersFolder();
  const env = { JOBS: 'max', ...process.env };
  delete env.npm_config_nodedir;
  const nodedir = headers === undefined ? [] : [`--nodedir=${headers}`];
  return run(process.execPath, [nodeGypCommand(), ...args, ...nodedir], {
    label: 'node-gyp',
    env,
    ...options,
  });
}

export function nodeGypCommand() {
  return createRequire(npmCli()).resolve('node-gyp/bin/node-gyp.js');
}

/** Finds a working way to call pip. Returns the command and its first arguments; undefined if there is none. */
export async function findPip() {
  for (const [command, ...args] of [['pip'], ['pip3'], ['python3', '-m', 'pip'], ['python', '-m', 'pip']]) {
    if (await works(command, [...args, '--version'])) return [command, ...args];
  }
  return undefined;
}

/** Whether a program exists and exits with 0. */
export function works(command, args) {
  return run(command, args, { limitSeconds: 60 }).then(
    () => true,
    () => false,
  );
}

/** Returns the folder above `include/node` if its headers match the binary interface of the current Node. */
export function headersFolder(
  candidates = [dirname(dirname(process.execPath)), process.env.npm_config_nodedir],
  abi = process.versions.modules,
) {
  return candidates.find((folder) => {
    if (!folder) return false;
    try {
      const header = readFileSync(join(folder, 'include', 'node', 'node_version.h'), 'utf8');
      return new RegExp(`^#define NODE_MODULE_VERSION ${abi}$`, 'm').test(header);
    } catch {
      return false;
    }
  });
}

function npmCli() {
  const besideNode = dirname(process.execPath);
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'npm'));
  const candidates = [
    process.env.npm_execpath ?? '',
    join(besideNode, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(besideNode, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    ...onPath.filter((path) => existsSync(path)).map((path) => realpathSync(path)),
  ];
  const found = candidates.find((path) => path.endsWith('npm-cli.js') && existsSync(path));
  if (found) return found;
  throw new Error(
    'npm was not found beside Node or on the PATH. Install npm (it comes with Node) and run the command again.',
  );
}
