// node scripts/image/application.mjs FOLDER [COMMIT]: copies the build and the files that it reads at run
// time to FOLDER.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../set-up/places.mjs';
import { runScript } from '../set-up/script.mjs';

await runScript(async () => {
  const [folder, commit] = process.argv.slice(2);
  if (!folder) throw new Error('Usage: node scripts/image/application.mjs FOLDER [COMMIT]');
  const target = resolve(folder);
  mkdirSync(target, { recursive: true });
  const notInDist = ['.build.json', 'openapi.js', 'openapi.js.map'].map((name) => join(root, 'dist', name));
  cpSync(join(root, 'dist'), join(target, 'dist'), {
    recursive: true,
    filter: (path) => !notInDist.includes(path),
  });
  const asTheyAre = [
    'package.json',
    'LICENSE',
    'samples/sample-training.tsv',
    'samples/sample-validation.tsv',
  ];
  for (const name of asTheyAre) cpSync(join(root, name), join(target, name));
  // src/common/build-info.ts reads this file, because a container has no git.
  writeFileSync(join(target, 'commit'), `${commit || 'unknown'}\n`);
  const healthCheck = join(dirname(fileURLToPath(import.meta.url)), 'health-check.mjs');
  cpSync(healthCheck, join(target, 'health-check.mjs'));
  console.log(`The service is in ${target}.`);
});
