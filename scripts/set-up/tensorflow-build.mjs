import {
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './command.mjs';
import { linkCuda, linkedCuda } from './cuda.mjs';
import { engineFolder, nodeModules, stampFolder } from './places.mjs';
import { hasStamp, removeStamp, writeStamp } from './stamp.mjs';
import { installOfPackage } from './tensorflow-install.mjs';
import { tensorflowCpu, tensorflowGpu, wheelOfTensorFlow } from './tensorflow-wheel.mjs';

/**
 * The parts of a package that its install script would add. `deps` has TensorFlow's libraries, `lib` the
 * addon that calls them.
 */
const parts = ['deps', 'lib'];

const staging = join(engineFolder, 'staging');

/**
 * Native TensorFlow for one of the two npm packages. It is made in a copy of the package and counts as ready
 * once it has multiplied two matrices. Then it is kept in `.engine/`, and links lead there from the package's
 * folders.
 */
class TensorFlowBuild {
  /**
   * @param {object} build
   * @param {string} build.title
   * @param {string} build.packageName
   * @param {{ name: string, bring(folder: string, workFolder: string): Promise<void> }[]} build.sources tried in this order
   */
  constructor({ title, packageName, sources }) {
    this.title = title;
    this.sources = sources;
    this.folder = join(nodeModules, '@tensorflow', packageName);
    this.stamp = join(stampFolder, `${packageName}.json`);
  }

  get version() {
    return JSON.parse(readFileSync(join(this.folder, 'package.json'), 'utf8')).version;
  }

  /** The folder in which it is kept. */
  get prepared() {
    const name = `${basename(this.folder)}-${this.version}-${process.platform}-${process.arch}`;
    return join(engineFolder, name);
  }

  /** Whether exactly these libraries, with their linked CUDA, have been found to work. */
  get isReady() {
    return hasStamp(this.stamp, this.stampContent());
  }

  /** Whether an earlier set-up or the package's own install has left something to try. */
  get isThere() {
    return existsSync(this.prepared) || existsSync(join(this.folder, 'deps'));
  }

  /** Name of the folder with its CUDA libraries; null if it uses the system's. */
  get cuda() {
    return linkedCuda(join(this.folder, 'deps'));
  }

  /**
   * Uses what already exists.
   * @param {string | null} [cuda] folder of the CUDA libraries; null for the system's. Default: the one that is linked now
   */
  async takeEarlier(cuda) {
    removeStamp(this.stamp);
    if (existsSync(this.prepared)) {
      if (cuda !== undefined) linkCuda(join(this.prepared, 'deps'), cuda);
      this.link();
    }
    await check(this.folder);
    writeStamp(this.stamp, this.stampContent());
  }

  /** Builds it from one of its sources. Otherwise like `takeEarlier`. */
  async make(source, cuda = null) {
    removeStamp(this.stamp);
    rmSync(staging, { recursive: true, force: true });
    try {
      const left = new Set([...parts, 'build'].map((name) => join(this.folder, name)));
      cpSync(this.folder, staging, { recursive: true, filter: (path) => !left.has(path) });
      await source.bring(staging, join(engineFolder, 'download'));
      if (cuda) linkCuda(join(staging, 'deps'), cuda);
      await check(staging);
      this.keep();
      this.link();
      writeStamp(this.stamp, this.stampContent());
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
  }

  /** Restores the package to how npm unpacked it. */
  unlink() {
    for (const part of parts) rmSync(join(this.folder, part), { recursive: true, force: true });
  }

  /** @throws {Error} with TensorFlow's output, if it still computes on the CPU */
  async mustUseGpu() {
    await check(this.folder, '--gpu');
  }

  keep() {
    rmSync(join(staging, 'deps', 'include'), { recursive: true, force: true });
    for (const name of readdirSync(staging)) {
      if (!parts.includes(name)) rmSync(join(staging, name), { recursive: true, force: true });
    }
    rmSync(this.prepared, { recursive: true, force: true });
    renameSync(staging, this.prepared);
  }

  /** Uses relative links, so that the checkout may be moved. Windows only has absolute junctions. */
  link() {
    for (const part of parts) {
      const place = join(this.folder, part);
      const target = join(this.prepared, part);
      rmSync(place, { recursive: true, force: true });
      symlinkSync(process.platform === 'win32' ? target : relative(this.folder, target), place, 'junction');
    }
  }

  /** Describes the checked libraries by size and time, so that a later set-up need not load them again. */
  stampContent() {
    const folders = [join(this.folder, 'deps', 'lib'), join(this.folder, 'lib', 'napi-v8')];
    const files = folders
      .filter((folder) => existsSync(folder))
      .flatMap((folder) =>
        readdirSync(folder)
          .sort()
          .map((name) => join(folder, name)),
      );
    return {
      node: process.versions.node.split('.')[0],
      files: files.map((path) => [basename(path), statSync(path).size, Math.round(statSync(path).mtimeMs)]),
      cuda: this.cuda,
    };
  }
}

export const cpuBuild = new TensorFlowBuild({
  title: 'native TensorFlow',
  packageName: 'tfjs-node',
  // The pinned source comes first.
  sources: [wheelOfTensorFlow(tensorflowCpu), installOfPackage],
});

/**
 * The package's own install is not a source: it would download a build with CUDA 11.2, which supports no
 * current card.
 */
export const gpuBuild = new TensorFlowBuild({
  title: 'native TensorFlow for NVIDIA GPUs',
  packageName: 'tfjs-node-gpu',
  sources: [wheelOfTensorFlow(tensorflowGpu)],
});

/**
 * Loads TensorFlow in another process and multiplies, in two threads one after the other, like training runs.
 * GPUs are hidden unless requested: the first use of a card that the libraries do not know compiles every
 * kernel, which takes minutes.
 */
async function check(folder, ...options) {
  const program = join(dirname(fileURLToPath(import.meta.url)), 'tensorflow-check.mjs');
  const onGpu = options.includes('--gpu');
  await run(process.execPath, [program, folder, ...options], {
    label: 'checking TensorFlow',
    env: onGpu ? process.env : { ...process.env, CUDA_VISIBLE_DEVICES: '-1' },
    limitSeconds: onGpu ? 3600 : 180,
  });
}
