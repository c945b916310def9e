// npm run sbom [-- --image cpu|gpu] [--output FILE]: writes a CycloneDX list of the npm packages of the
// service. With --image, it adds the other parts of the image: base image, TensorFlow, CUDA. It reads the
// lockfile and installs nothing.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { variants } from './image/variants.mjs';
import { imageComponents, pageComponents, withoutUnused } from './sbom/components.mjs';
import { root } from './set-up/places.mjs';
import { runScript } from './set-up/script.mjs';
import { npm } from './set-up/toolchain.mjs';

await runScript(async () => {
  const { values } = parseArgs({ options: { image: { type: 'string' }, output: { type: 'string' } } });
  const { image, output } = values;
  if (image && !variants.includes(image)) throw new Error(`--image takes ${variants.join(' or ')}.`);
  const format = ['--sbom-format=cyclonedx', '--sbom-type=application'];
  const text = await npm(['sbom', ...format, '--omit=dev', '--package-lock-only', '--loglevel=error'], {
    cwd: root,
    label: 'npm sbom',
  });
  const bom = JSON.parse(text);
  // npm uses the folder's name here.
  bom.metadata.component.name = JSON.parse(read('package.json')).name;
  const lockfile = JSON.parse(read('package-lock.json'));
  const served = pageComponents(bom, lockfile);
  const whole = image
    ? imageComponents(withoutUnused(served, image, lockfile), image, read('Dockerfile'))
    : served;
  const json = `${JSON.stringify(whole, null, 2)}\n`;
  if (!output) return void process.stdout.write(json);
  writeFileSync(output, json);
  console.log(`${whole.components.length} components are listed in ${output}.`);
});

function read(name) {
  return readFileSync(join(root, name), 'utf8');
}
