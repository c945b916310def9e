import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeUnused } from './unused-files.mjs';

let folder;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'wellformed-unused-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const all = [
  '@tensorflow/tfjs-node/index.js',
  '@tensorflow/tfjs-node-gpu/index.js',
  'better-sqlite3/lib/index.js',
  'better-sqlite3/deps/sqlite3.c',
  'better-sqlite3-13/lib/index.js',
  'better-sqlite3-13/deps/sqlite3.c',
  'better-sqlite3-13/prebuilds/linux-x64.node',
  'better-sqlite3-13/prebuilds/linuxmusl-x64.node',
  'better-sqlite3-13/prebuilds/win32-x64.node',
  'onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node',
  'onnxruntime-node/bin/napi-v6/linux/arm64/onnxruntime_binding.node',
  'onnxruntime-node/bin/napi-v6/darwin/arm64/onnxruntime_binding.node',
  'rxjs/dist/index.js',
  'rxjs/dist/index.js.map',
  'tar/index.js',
  'typescript/lib/typescript.js',
];

function left(image) {
  for (const path of all) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), 'x');
  }
  const bytes = removeUnused(folder, { platform: 'linux', arch: 'x64', ...image });
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1));
  expect(bytes).toBe(all.length - files.length);
  return files.sort();
}

it('leaves what an image for CPUs loads on a Node with Node-API 10', () => {
  expect(left({ variant: 'cpu', napi: '10' })).toEqual([
    '@tensorflow/tfjs-node/index.js',
    'better-sqlite3-13/lib/index.js',
    'better-sqlite3-13/prebuilds/linux-x64.node',
    'onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node',
    'rxjs/dist/index.js',
  ]);
});

it('leaves the other twin of each for GPUs and for an older Node', () => {
  expect(left({ variant: 'gpu', napi: '9' })).toEqual([
    '@tensorflow/tfjs-node-gpu/index.js',
    'better-sqlite3/lib/index.js',
    'onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node',
    'rxjs/dist/index.js',
  ]);
});
