import { unusedPackages } from '../image/unused-files.mjs';
import { bundledInPage } from '../set-up/build.mjs';
import { cudaWheels } from '../set-up/cuda.mjs';
import { tensorflowCpu, tensorflowGpu } from '../set-up/tensorflow-wheel.mjs';

const wheelsOf = {
  cpu: [tensorflowCpu],
  gpu: [tensorflowGpu, ...cudaWheels],
};

/**
 * Returns the list without the packages that the image leaves out. Images have a Node with Node-API 10.
 * @param {object} lockfile package-lock.json, which has the name and version of each folder of node_modules/
 */
export function withoutUnused(bom, variant, lockfile) {
  const unused = unusedPackages({ variant, napi: '10' }).map((folder) => {
    const { name = folder, version } = lockfile.packages[`node_modules/${folder}`];
    return `${name}@${version}`;
  });
  const isUsed = (reference) => !unused.includes(reference);
  return {
    ...bom,
    components: bom.components.filter((component) => isUsed(component['bom-ref'])),
    dependencies: bom.dependencies
      .filter(({ ref }) => isUsed(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isUsed) })),
  };
}

/** Adds parts that npm does not know: the base image, which the Dockerfile names, and libraries from Python wheels. */
export function imageComponents(bom, variant, dockerfile) {
  return withComponents(bom, [baseImage(dockerfile), ...wheelsOf[variant].map(componentOf)]);
}

/** Adds the packages that the page's files contain. npm lists them as development dependencies. */
export function pageComponents(bom, lockfile) {
  const added = bundledInPage.map((name) => {
    const { version, license, integrity } = lockfile.packages[`node_modules/${name}`];
    const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
    const content = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
    return {
      'bom-ref': `${name}@${version}`,
      type: 'library',
      name,
      version,
      scope: 'required',
      purl,
      hashes: [{ alg: 'SHA-512', content }],
      licenses: [{ license: { id: license } }],
    };
  });
  return withComponents(bom, added);
}

function withComponents(bom, added) {
  const service = bom.metadata.component['bom-ref'];
  const references = added.map((component) => component['bom-ref']);
  return {
    ...bom,
    components: [...bom.components, ...added],
    dependencies: [
      ...bom.dependencies.map((entry) =>
        entry.ref === service ? { ...entry, dependsOn: [...entry.dependsOn, ...references] } : entry,
      ),
      ...references.map((ref) => ({ ref, dependsOn: [] })),
    ],
  };
}

function baseImage(dockerfile) {
  const [, name, tag] = /^ARG NODE_IMAGE=([^:@\s]+):([^@\s]+)/m.exec(dockerfile);
  const purl = `pkg:docker/${name}@${tag}`;
  return { 'bom-ref': purl, type: 'container', name, version: tag, purl };
}

function componentOf({ requirement, sha256 }) {
  const [name, version] = requirement.split('==');
  const purl = `pkg:pypi/${name}@${version}`;
  const license = name.startsWith('nvidia-') ? { name: 'NVIDIA Proprietary Software' } : { id: 'Apache-2.0' };
  return {
    'bom-ref': purl,
    type: 'library',
    name,
    version,
    scope: 'required',
    purl,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    licenses: [{ license }],
  };
}
