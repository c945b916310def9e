// npm run test:node24 [-- ARGUMENT …]: runs the tests on Node 24. It takes Node from npm packages and runs in
// a copy of this checkout under .engine/node24/, so that node_modules/ and dist/ here stay as they are.
// Arguments go to Vitest.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { checkNodeVersion } from './set-up/node-version.mjs';
import { runScript } from './set-up/script.mjs';

const version = '24.21.0';

process.exitCode = await runScript(async () => {
  checkNodeVersion();
  const { runInForeground } = await import('./set-up/command.mjs');
  const { engineFolder, root } = await import('./set-up/places.mjs');
  const home = join(engineFolder, 'node24');
  const node = await provideNode(join(home, 'node'));
  const copy = join(home, 'checkout');
  copyCheckout(root, copy);
  const env = { ...process.env, PATH: [dirname(node), process.env.PATH].join(delimiter) };
  console.log(`Node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()} in ${copy}`);
  return runInForeground(node, [join(copy, 'scripts', 'test.mjs'), ...process.argv.slice(2)], {
    cwd: copy,
    env,
  });
});

/**
 * Installs Node. The package `node` only selects the package for this platform, which also contains the
 * headers for addons.
 */
async function provideNode(folder) {
  const { npm } = await import('./set-up/toolchain.mjs');
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const node = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(node) && execFileSync(node, ['--version'], { encoding: 'utf8' }).trim() === `v${version}`)
    return node;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  await npm(['install', '--no-save', '--ignore-scripts', '--loglevel=error', `${name}@${version}`], {
    cwd: folder,
    label: `npm install ${name}@${version}`,
  });
  return node;
}

/**
 * Copies the files that git tracks or would track. What an earlier run installed in the copy stays, so that a
 * second run is fast.
 */
function copyCheckout(root, copy) {
  mkdirSync(copy, { recursive: true });
  const stays = ['node_modules', 'dist', '.engine'];
  for (const name of readdirSync(copy)) {
    if (!stays.includes(name)) rmSync(join(copy, name), { recursive: true, force: true });
  }
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', listing, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 })
    .split('\0')
    .filter(Boolean);
  for (const file of files) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(copy, file), { recursive: true });
  }
}
