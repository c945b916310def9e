import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sizeOf } from '../set-up/folder-size.mjs';

/**
 * Removes what no process of an image can load.
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

/** The names of packages that production dependencies bring and an image does not hold. */
export function unusedPackages({ variant, napi = process.versions.napi }) {
  return [
    // Twins: the same choices as in src/storage/sqlite.ts and src/bert/engines/detect.ts.
    Number(napi) >= 10 ? 'better-sqlite3' : 'better-sqlite3-13',
    variant === 'gpu' ? '@tensorflow/tfjs-node' : '@tensorflow/tfjs-node-gpu',
    // @nestjs/swagger asks for the compiler, for its plugin that works at build time.
    'typescript',
    // Installers of tfjs-node unpack TensorFlow with it; here scripts/set-up/ brings that. Its version has advisories (npm run audit).
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
    // What addons are compiled from, and maps of bundles to sources that nobody here has.
    ...['better-sqlite3', 'better-sqlite3-13'].flatMap((name) => [`${name}/deps`, `${name}/src`]),
    ...readdirSync(nodeModules, { recursive: true }).filter((path) => /\.[cm]?js\.map$/.test(path)),
  ];
}
