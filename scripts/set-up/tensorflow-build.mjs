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

/** What a package lacks when no script ran: `deps` holds TensorFlow's libraries, `lib` the addon that calls them. */
const parts = ['deps', 'lib'];

const staging = join(engineFolder, 'staging');

/**
 * Native TensorFlow for one of the two npm packages. It is made in a copy of the package, counts only once it has multiplied two
 * matrices, and is then kept in `.engine/`, to which the package's folders are linked.
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

  /** Where it is kept. */
  get prepared() {
    const name = `${basename(this.folder)}-${this.version}-${process.platform}-${process.arch}`;
    return join(engineFolder, name);
  }

  /** Whether these very libraries, with the CUDA that is linked to them, were found to work. */
  get isReady() {
    return hasStamp(this.stamp, this.stampContent());
  }

  /** Whether an earlier set-up, or the package's own install, left something to try. */
  get isThere() {
    return existsSync(this.prepared) || existsSync(join(this.folder, 'deps'));
  }

  /** The name of the folder with the CUDA libraries that it brings along; null where it relies on the system's. */
  get cuda() {
    return linkedCuda(join(this.folder, 'deps'));
  }

  /**
   * Uses what is there already.
   * @param {string | null} [cuda] folder of the CUDA libraries, null for the system's; as they are linked now by default
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

  /** Makes it anew from one of its sources; otherwise like `takeEarlier`. */
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

  /** Leaves the package as npm unpacked it. */
  unlink() {
    for (const part of parts) rmSync(join(this.folder, part), { recursive: true, force: true });
  }

  /** @throws {Error} with what TensorFlow says, where it computes on the CPU still */
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

  /** Relative links, so that a checkout may be moved; Windows has absolute junctions only. */
  link() {
    for (const part of parts) {
      const place = join(this.folder, part);
      const target = join(this.prepared, part);
      rmSync(place, { recursive: true, force: true });
      symlinkSync(process.platform === 'win32' ? target : relative(this.folder, target), place, 'junction');
    }
  }

  /** Describes the libraries that were checked, by size and time, so that a later set-up need not load them again. */
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
  // The pinned one first.
  sources: [wheelOfTensorFlow(tensorflowCpu), installOfPackage],
});

/** The package's own install is no source: what it would download was built with CUDA 11.2, which knows no card of today. */
export const gpuBuild = new TensorFlowBuild({
  title: 'native TensorFlow for NVIDIA GPUs',
  packageName: 'tfjs-node-gpu',
  sources: [wheelOfTensorFlow(tensorflowGpu)],
});

/**
 * Loads TensorFlow in another process, in two threads one after the other as training runs do, and multiplies. GPUs are hidden from it
 * unless it is asked to use one: the first use of a card that the libraries do not know compiles every kernel for it, for minutes.
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
