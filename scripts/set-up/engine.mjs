import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './command.mjs';
import { engineFolder, nodeModules, stampFolder } from './places.mjs';
import { hasStamp, removeStamp, writeStamp } from './stamp.mjs';
import { installOfPackage } from './tensorflow-install.mjs';
import { wheelOfTensorFlow } from './tensorflow-wheel.mjs';

const tfjsNode = join(nodeModules, '@tensorflow', 'tfjs-node');
const stamp = join(stampFolder, 'engine.json');
const staging = join(engineFolder, 'staging');
const failureLog = join(engineFolder, 'last-failure.log');

const advice =
  'On Linux x64, native TensorFlow needs pip (Python 3), a C++ compiler and make: ' +
  'install what the lines above miss, then `npm run set-up`. The whole output is in .engine/last-failure.log.';

/** What the package lacks when no script ran: `deps` holds TensorFlow's libraries, `lib` the addon that calls them. */
const parts = ['deps', 'lib'];

/**
 * Prepares native TensorFlow for `@tensorflow/tfjs-node`: one prepared earlier, else the package's own install, else the library of
 * TensorFlow's Python wheel. Each is tried in a copy of the package, counts only once it has multiplied two matrices, and is then
 * kept in `.engine/`, to which the package's folders are linked. Where none works, the wasm engine trains.
 */
export const engine = {
  name: 'engine',
  async run({ retryEngine = false, requireNative = false }) {
    if (process.env.WELLFORMED_ENGINE === 'wasm') {
      if (requireNative) throw new Error('WELLFORMED_ENGINE=wasm rules out the native engine: unset it.');
      return 'native TensorFlow not prepared, because WELLFORMED_ENGINE=wasm';
    }
    const version = JSON.parse(readFileSync(join(tfjsNode, 'package.json'), 'utf8')).version;
    const prepared = join(engineFolder, `tfjs-node-${version}-${process.platform}-${process.arch}`);
    if (hasStamp(stamp, nativeStamp())) return 'already done: native TensorFlow';
    if (hasStamp(stamp, wasmStamp(version)) && !retryEngine && !requireNative) {
      return 'wasm, as found earlier (`npm run set-up` tries again to prepare native TensorFlow)';
    }
    removeStamp(stamp);
    rmSync(staging, { recursive: true, force: true });

    const failures = [];
    if (existsSync(prepared)) link(prepared);
    const isReady =
      existsSync(join(tfjsNode, 'deps')) &&
      (await attempt('the one prepared earlier', failures, () => check(tfjsNode)));
    const source = isReady ? 'prepared earlier' : await prepare(prepared, failures);
    if (source) {
      writeStamp(stamp, nativeStamp());
      return `native TensorFlow, ${source}`;
    }
    for (const part of parts) rmSync(join(tfjsNode, part), { recursive: true, force: true });
    writeFileSync(failureLog, failures.map(({ name, error }) => `${name}: ${error.message}\n`).join('\n'));
    if (requireNative) throw new Error(`Native TensorFlow is required and could not be prepared. ${advice}`);
    writeStamp(stamp, wasmStamp(version));
    console.log(`      The wasm engine will train: it is slower and holds small models only. ${advice}`);
    return 'wasm';
  },
};

/** Tries each source in turn; returns the name of the one that worked, or undefined. */
async function prepare(prepared, failures) {
  for (const source of [installOfPackage, wheelOfTensorFlow]) {
    const worked = await attempt(source.name, failures, async () => {
      const copy = copyOfPackage();
      await source.bring(copy, staging);
      await check(copy);
      keep(copy, prepared);
      link(prepared);
    });
    rmSync(staging, { recursive: true, force: true });
    if (worked) return `from ${source.name}`;
  }
  return undefined;
}

async function attempt(name, failures, work) {
  try {
    await work();
    return true;
  } catch (error) {
    failures.push({ name, error });
    console.log(`      Not from ${name}: ${firstLineOf(error)}`);
    return false;
  }
}

/** Loads TensorFlow in another process, in two threads one after the other as training runs do, and multiplies. */
function check(folder) {
  const program = join(dirname(fileURLToPath(import.meta.url)), 'tensorflow-check.mjs');
  return run(process.execPath, [program, folder], { label: 'checking TensorFlow', limitSeconds: 180 });
}

function copyOfPackage() {
  rmSync(staging, { recursive: true, force: true });
  const copy = join(staging, 'tfjs-node');
  const left = new Set([...parts, 'build'].map((name) => join(tfjsNode, name)));
  cpSync(tfjsNode, copy, { recursive: true, filter: (path) => !left.has(path) });
  return copy;
}

function keep(copy, prepared) {
  const kept = join(staging, basename(prepared));
  mkdirSync(kept);
  rmSync(join(copy, 'deps', 'include'), { recursive: true, force: true });
  for (const part of parts) renameSync(join(copy, part), join(kept, part));
  rmSync(prepared, { recursive: true, force: true });
  renameSync(kept, prepared);
}

/** Relative links, so that a checkout may be moved; Windows has absolute junctions only. */
function link(prepared) {
  for (const part of parts) {
    const place = join(tfjsNode, part);
    const target = join(prepared, part);
    rmSync(place, { recursive: true, force: true });
    symlinkSync(process.platform === 'win32' ? target : relative(tfjsNode, target), place, 'junction');
  }
}

/** Describes the libraries that were checked, by size and time, so that a later set-up need not load them again. */
function nativeStamp() {
  const folders = [join(tfjsNode, 'deps', 'lib'), join(tfjsNode, 'lib', 'napi-v8')];
  const files = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .sort()
        .map((name) => join(folder, name)),
    );
  return {
    engine: 'native',
    node: process.versions.node.split('.')[0],
    files: files.map((path) => [basename(path), statSync(path).size, Math.round(statSync(path).mtimeMs)]),
  };
}

function wasmStamp(version) {
  return { engine: 'wasm', version };
}

/** The first line that names an error, where an error quotes a program's output; else its first line. */
function firstLineOf(error) {
  const [first = '', ...rest] = error.message.split('\n');
  const telling = rest.find((line) => /\b(\w*Error|error|ERROR): /.test(line));
  return telling ? `${first} ${telling.replace(/^[\s|]+/, '')}` : first.replace(/; it said:$/, '');
}
