import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { megabytes, run, startProgress } from './command.mjs';
import { sizeOf } from './folder-size.mjs';
import { findPip } from './toolchain.mjs';

/**
 * A pinned file of the Python package index. None of its code runs: it is a zip from which libraries are
 * extracted.
 *
 * @typedef {object} Wheel
 * @property {string} requirement name and version in pip's syntax
 * @property {string} platform pip's tag of the oldest supported systems
 * @property {string} sha256
 * @property {number} bytes
 */

/**
 * Downloads a wheel and extracts the members for which `placeOf` returns a place. pip finds the wheel where
 * this site keeps packages: an index, a mirror, or a folder of wheels.
 *
 * @param {Wheel} wheel
 * @param {(member: string) => string | undefined} placeOf returns where a member goes under `destination`
 * @param {string} destination
 * @param {string} workFolder for the download; removed at the end
 * @throws {Error} if pip is missing, the download fails, or the file is not the pinned one
 */
export async function bringWheel(wheel, placeOf, destination, workFolder) {
  try {
    const path = await download(wheel, workFolder);
    await mustMatch(wheel, path);
    await unpack(path, placeOf, destination);
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
}

async function download({ requirement, platform, bytes }, workFolder) {
  const pip = await findPip();
  if (!pip) throw new Error('pip was not found: install Python 3 with pip');
  const [command, ...args] = pip;
  const destination = join(workFolder, 'wheel');
  const temporary = join(workFolder, 'pip');
  rmSync(workFolder, { recursive: true, force: true });
  for (const folder of [destination, temporary]) mkdirSync(folder, { recursive: true });
  const target = ['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311', '--platform', platform]; // prettier-ignore
  const request = ['download', '--no-deps', '--only-binary=:all:', ...target, '-d', destination, requirement];
  console.log(`      Downloading ${requirement} with pip (${megabytes(bytes)}).`);
  await run(command, [...args, ...request, '--progress-bar', 'off', '--disable-pip-version-check'], {
    env: { ...process.env, TMPDIR: temporary },
    label: `pip download, of ${megabytes(bytes)}`,
    bytes: () => Math.max(sizeOf(destination), sizeOf(temporary)),
    stallSeconds: 300,
  });
  const name = readdirSync(destination).find((file) => file.endsWith('.whl'));
  if (!name) throw new Error('pip ended without a wheel');
  return join(destination, name);
}

async function mustMatch({ requirement, sha256 }, path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  const found = hash.digest('hex');
  if (found === sha256) return;
  throw new Error(`the sha256 of ${requirement} is ${found}, not the pinned ${sha256}: it was not used`);
}

async function unpack(path, placeOf, destination) {
  // This is a dependency of the service, which the previous step installs. So it cannot be imported at the
  // top.
  const { openPromise } = (await import('yauzl')).default;
  const archive = await openPromise(path);
  const progress = startProgress('unpacking', () => sizeOf(destination));
  const clock = setInterval(() => progress.tick(), 1000);
  try {
    for await (const entry of archive.eachEntry()) {
      const place = placeOf(entry.fileName);
      if (place === undefined) continue;
      const file = join(destination, place);
      mkdirSync(dirname(file), { recursive: true });
      // The upper half of the attributes is the Unix mode. Keep executables executable.
      const mode = (entry.externalFileAttributes >>> 16) & 0o111 ? 0o755 : 0o644;
      await pipeline(await archive.openReadStreamPromise(entry), createWriteStream(file, { mode }));
    }
  } finally {
    clearInterval(clock);
    progress.end();
  }
}
