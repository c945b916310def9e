import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sizeOf } from '../set-up/folder-size.mjs';

/**
 * Removes files that no process of an image can load.
 *
 * @param {string} nodeModules
 * @param {object} image
 * @param {'cpu' | 'gpu'} image.variant
 * @param {string} [image.platform]
 * @param {string} [image.arch]
 * @param {string} [image.napi] version of Node-API
 * @returns {number} the bytes removed
 */
export function removeUnused(nodeModules, image) {
  let bytes = 0;
  for (const place of unusedPlaces(nodeModules, image)) {
    const path = join(nodeModules, place);
    if (!existsSync(path)) continue;
    bytes += statSync(path).isDirectory() ? sizeOf(path) : statSync(path).size;
    rmSync(path, { recursive: true });
  }
  return bytes;
}

/** Returns the names of production dependencies that an image leaves out. */
export function unusedPackages({ variant, napi = process.versions.napi }) {
  return [
    // The service uses only one of each pair. Keep this in step with src/storage/sqlite.ts and
    // src/bert/engines/detect.ts.
    Number(napi) >= 10 ? 'better-sqlite3' : 'better-sqlite3-13',
    variant === 'gpu' ? '@tensorflow/tfjs-node' : '@tensorflow/tfjs-node-gpu',
    // @nestjs/swagger depends on the compiler only for its build-time plugin.
    'typescript',
    // Installers of tfjs-node use it to unpack TensorFlow, which scripts/set-up/ does here. Its version has
    // advisories (npm run audit).
    'tar',
  ];
}

function unusedPlaces(
  nodeModules,
  { variant, platform = process.platform, arch = process.arch, napi = process.versions.napi },
) {
  const list = (folder) =>
    existsSync(join(nodeModules, folder))
      ? readdirSync(join(nodeModules, folder)).map((name) => `${folder}/${name}`)
      : [];
  return [
    ...unusedPackages({ variant, napi }),
    // Programs for other platforms.
    ...list('better-sqlite3-13/prebuilds').filter((path) => !path.endsWith(`/${platform}-${arch}.node`)),
    ...list('onnxruntime-node/bin')
      .flatMap(list)
      .flatMap(list)
      .filter((path) => !path.endsWith(`/${platform}/${arch}`)),
    // Sources of addons, and source maps without their sources.
    ...['better-sqlite3', 'better-sqlite3-13'].flatMap((name) => [`${name}/deps`, `${name}/src`]),
    ...readdirSync(nodeModules, { recursive: true }).filter((path) => /\.[cm]?js\.map$/.test(path)),
  ];
}
