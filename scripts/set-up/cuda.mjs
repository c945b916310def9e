import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { megabytes } from './command.mjs';
import { engineFolder } from './places.mjs';
import { bringWheel } from './python-wheel.mjs';
import { sha256 } from './stamp.mjs';

const wheel = (requirement, platform, bytes, sha256) => ({ requirement, platform, bytes, sha256 });

/**
 * The packages that `tensorflow[and-cuda]==2.21.0` requires, which is everything that a machine with a driver
 * lacks. The versions are the last ones of CUDA 12. cuDNN is the last version that supports every card that
 * TensorFlow's wheel supports (9.11 dropped those before 7.5).
 */
export const cudaWheels = [
  wheel('nvidia-cublas-cu12==12.9.3.13', 'manylinux_2_27_x86_64', 581_217_458, 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72'),
  wheel('nvidia-cuda-cupti-cu12==12.9.79', 'manylinux_2_25_x86_64', 10_814_997, '096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f'),
  wheel('nvidia-cuda-nvcc-cu12==12.9.86', 'manylinux2014_x86_64', 40_546_229, '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0'),
  wheel('nvidia-cuda-nvrtc-cu12==12.9.86', 'manylinux2014_x86_64', 89_568_129, '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4'),
  wheel('nvidia-cuda-runtime-cu12==12.9.79', 'manylinux2014_x86_64', 3_493_179, '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3'),
  wheel('nvidia-cudnn-cu12==9.10.2.21', 'manylinux_2_27_x86_64', 706_758_467, '949452be657fa16687d0930933f032835951ef0892b37d2d53824d1a84dc97a8'),
  wheel('nvidia-cufft-cu12==11.4.1.4', 'manylinux2014_x86_64', 200_877_592, 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28'),
  wheel('nvidia-curand-cu12==10.3.10.19', 'manylinux_2_27_x86_64', 68_295_626, '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e'),
  wheel('nvidia-cusolver-cu12==11.7.5.82', 'manylinux_2_27_x86_64', 338_117_415, '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88'),
  wheel('nvidia-cusparse-cu12==12.5.10.65', 'manylinux2014_x86_64', 366_465_088, '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78'),
  wheel('nvidia-nccl-cu12==2.32.3', 'manylinux_2_27_x86_64', 351_526_311, 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c'),
  wheel('nvidia-nvjitlink-cu12==12.9.86', 'manylinux2014_x86_64', 39_748_338, 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9'),
]; // prettier-ignore

/** The folder of the libraries, in pip's layout: `cublas/lib/libcublas.so.12` … */
export const cudaFolder = join(engineFolder, `cuda-${sha256(JSON.stringify(cudaWheels)).slice(0, 12)}`);

/**
 * Downloads the CUDA libraries to `cudaFolder`, once for these versions. It keeps what an interrupted set-up
 * has already unpacked.
 */
export async function bringCuda() {
  if (existsSync(cudaFolder)) return;
  const all = cudaWheels.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`      CUDA: ${cudaWheels.length} packages, ${megabytes(all)} to download, 4 GB on disk.`);
  const part = `${cudaFolder}.part`;
  const staging = join(engineFolder, 'staging');
  for (const wheel of cudaWheels) {
    const folder = folderOf(wheel);
    if (existsSync(join(part, folder))) continue;
    rmSync(staging, { recursive: true, force: true });
    await bringWheel(
      wheel,
      (member) => placeOfCudaMember(member, folder),
      staging,
      join(engineFolder, 'download'),
    );
    mkdirSync(part, { recursive: true });
    renameSync(staging, join(part, folder));
  }
  // TensorFlow opens only this library from a folder outside of its RUNPATH. The library's own path to the
  // others also starts here.
  const solver = join(part, 'cublas', 'lib', 'libcusolver.so.11');
  rmSync(solver, { force: true });
  symlinkSync('../../cusolver/lib/libcusolver.so.11', solver);
  renameSync(part, cudaFolder);
}

/**
 * Links the CUDA libraries to where TensorFlow looks for them: `../nvidia/` beside its own folder, as after
 * `pip install` (its RUNPATH is `$ORIGIN/../nvidia/cublas/lib` and so on). The CUDA libraries find each other
 * in the same way.
 * @param {string} deps the folder with TensorFlow's `lib/`
 * @param {string | null} cuda null if the system's loader finds CUDA
 */
export function linkCuda(deps, cuda) {
  const place = join(deps, 'nvidia');
  rmSync(place, { recursive: true, force: true });
  if (cuda) symlinkSync(relative(deps, cuda), place);
}

/** Returns the name of the folder that `linkCuda` has linked; null if there is none. */
export function linkedCuda(deps) {
  const place = join(deps, 'nvidia');
  return existsSync(place) ? basename(realpathSync(place)) : null;
}

/**
 * Returns where a member of a wheel goes; undefined for unneeded members. Needed are shared libraries, the
 * licence, and the compiler's files that translate intermediate code for a GPU.
 */
export function placeOfCudaMember(name, folder) {
  if (/^[\w.-]+\.dist-info\/(?:licenses\/)?License\.txt$/.test(name)) return 'License.txt';
  if (!name.startsWith(`nvidia/${folder}/`)) return undefined;
  const place = name.slice(`nvidia/${folder}/`.length);
  if (/^lib\/(?:libnvblas|libcufftw|libcusolverMg|[\w-]+\.alt)\./.test(place)) return undefined;
  return /^(?:lib\/lib[\w.-]+\.so\.[\d.]+|bin\/ptxas|nvvm\/libdevice\/[\w.]+\.bc)$/.test(place)
    ? place
    : undefined;
}

/** `nvidia-cuda-nvcc-cu12` unpacks to `nvidia/cuda_nvcc/`. */
export function folderOf({ requirement }) {
  return /^nvidia-(.+)-cu12==/.exec(requirement)[1].replaceAll('-', '_');
}
