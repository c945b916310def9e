import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { imageComponents, pageComponents, withoutUnused } from './components.mjs';

const read = (name) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const lockfile = JSON.parse(read('package-lock.json'));

/** A list in the form of `npm sbom`, with the packages that matter here. */
function bom() {
  const version = (folder) => lockfile.packages[`node_modules/${folder}`].version;
  const references = [
    `@tensorflow/tfjs-node@${version('@tensorflow/tfjs-node')}`,
    `@tensorflow/tfjs-node-gpu@${version('@tensorflow/tfjs-node-gpu')}`,
    `better-sqlite3@${version('better-sqlite3')}`,
    `better-sqlite3@${version('better-sqlite3-13')}`,
    `typescript@${version('typescript')}`,
    `tar@${version('tar')}`,
    `rxjs@${version('rxjs')}`,
  ];
  return {
    metadata: { component: { 'bom-ref': 'wellformed@1.0.0' } },
    components: references.map((reference) => ({ 'bom-ref': reference })),
    dependencies: [
      { ref: 'wellformed@1.0.0', dependsOn: references },
      ...references.map((ref) => ({ ref, dependsOn: [] })),
    ],
  };
}

const names = (list) => list.map((reference) => reference.replace(/(.)@.*/, '$1')).sort();

it.each([
  ['cpu', '@tensorflow/tfjs-node'],
  ['gpu', '@tensorflow/tfjs-node-gpu'],
])('leaves out what the image for %s does not hold', (variant, tensorflow) => {
  const { components, dependencies } = withoutUnused(bom(), variant, lockfile);
  const references = components.map((component) => component['bom-ref']);
  expect(names(references)).toEqual([tensorflow, 'better-sqlite3', 'rxjs']);
  expect(references).toContain(
    `better-sqlite3@${lockfile.packages['node_modules/better-sqlite3-13'].version}`,
  );
  expect(dependencies.map(({ ref }) => ref)).toEqual(['wellformed@1.0.0', ...references]);
  expect(dependencies[0].dependsOn).toEqual(references);
});

it('adds the base image, TensorFlow and, for GPUs, CUDA, each by its sum', () => {
  const dockerfile = read('Dockerfile');
  const cpu = imageComponents(bom(), 'cpu', dockerfile);
  expect(cpu.components.slice(-2)).toEqual([
    expect.objectContaining({ type: 'container', purl: expect.stringMatching(/^pkg:docker\/node@[\d.]+-/) }),
    expect.objectContaining({
      purl: expect.stringMatching(/^pkg:pypi\/tensorflow-cpu@[\d.]+$/),
      hashes: [{ alg: 'SHA-256', content: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    }),
  ]);
  const gpu = imageComponents(bom(), 'gpu', dockerfile);
  expect(gpu.components.map(({ purl }) => purl)).toContainEqual(expect.stringMatching(/nvidia-cudnn-cu12@/));
  const known = new Set(gpu.components.map((component) => component['bom-ref']));
  expect(gpu.dependencies[0].dependsOn.filter((reference) => !known.has(reference))).toEqual([]);
});

it('adds what the page is built from, each once', () => {
  const { components, dependencies } = pageComponents(bom(), lockfile);
  const added = components.filter(({ purl }) => purl);
  expect(added.map(({ name }) => name)).toEqual([
    'preact',
    '@preact/signals',
    '@preact/signals-core',
    'uplot',
  ]);
  for (const { purl, licenses, hashes } of added) {
    expect(purl).toMatch(/^pkg:npm\/(%40preact\/)?[a-z-]+@[\d.]+$/);
    expect(licenses).toEqual([{ license: { id: 'MIT' } }]);
    expect(hashes[0].content).toMatch(/^[0-9a-f]{128}$/);
  }
  expect(dependencies[0].dependsOn).toEqual(expect.arrayContaining(added.map((one) => one['bom-ref'])));
});
