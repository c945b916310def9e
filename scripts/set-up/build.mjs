import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { run } from './command.mjs';
import { nodeModules, root } from './places.mjs';
import { hasStamp, removeStamp, sha256, writeStamp } from './stamp.mjs';

const stamp = join(root, 'dist', '.build.json');

/** Compiles `src/` to `dist/` with `nest build`, and `web/` to `dist/web/` with Vite, unless `dist/` is up to date. */
export const build = {
  name: 'build',
  async run() {
    const content = { sources: hashOfSources(root) };
    if (hasStamp(stamp, content)) return 'already done';
    removeStamp(stamp);
    const nest = join(nodeModules, '@nestjs', 'cli', 'bin', 'nest.js');
    await run(process.execPath, [nest, 'build'], { cwd: root, label: 'nest build' });
    const vite = join(nodeModules, 'vite', 'bin', 'vite.js');
    await run(process.execPath, [vite, 'build', '--config', 'web/vite.config.ts', '--logLevel', 'warn'], {
      cwd: root,
      label: 'vite build',
    });
    writeNotices(join(root, 'dist', 'web', 'third-party.txt'));
    compressFiles(join(root, 'dist', 'web'));
    writeStamp(stamp, content);
    return 'built';
  },
};

/** The inputs of the build. The Dockerfile copies all of them. */
export const buildSources = {
  files: [
    'nest-cli.json',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'samples/first-run.json',
  ],
  folders: ['src', 'web', 'packages/client/src'],
};

/** Returns a hash of all inputs of the build. Tests are not part of it. */
export function hashOfSources(folder) {
  const { files: settings, folders } = buildSources;
  const sources = folders
    .filter((name) => existsSync(join(folder, name)))
    .flatMap((name) => filesIn(join(folder, name)))
    .filter((file) => !file.endsWith('.spec.ts'))
    .map((file) => relative(folder, file));
  const files = [...settings.filter((name) => existsSync(join(folder, name))), ...sources].sort();
  return sha256(...files.flatMap((name) => [name, '\0', sha256(readFileSync(join(folder, name)))]));
}

/** Packages that the page's files contain. */
export const bundledInPage = ['preact', '@preact/signals', '@preact/signals-core', 'uplot'];

/** Writes the licences of these packages, which must be distributed with them. */
function writeNotices(file) {
  const notices = bundledInPage.map((name) => {
    const folder = join(nodeModules, name);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return `${name} ${version}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8').trim()}\n`;
  });
  writeFileSync(file, notices.join(`\n${'-'.repeat(80)}\n\n`));
}

/** Compresses text files once at the highest level, so that no request waits for it. */
function compressFiles(folder) {
  const texts = filesIn(folder).filter((file) => ['.js', '.css', '.svg', '.txt'].includes(extname(file)));
  for (const file of texts) {
    const content = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(content));
    writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
  }
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}
