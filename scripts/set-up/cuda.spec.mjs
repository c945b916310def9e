import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cudaWheels, folderOf, linkCuda, linkedCuda, placeOfCudaMember } from './cuda.mjs';

it.each([
  ['cublas', 'nvidia/cublas/lib/libcublasLt.so.12', 'lib/libcublasLt.so.12'],
  ['cuda_nvrtc', 'nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.12.9', 'lib/libnvrtc-builtins.so.12.9'],
  ['cuda_nvcc', 'nvidia/cuda_nvcc/bin/ptxas', 'bin/ptxas'],
  ['cuda_nvcc', 'nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc', 'nvvm/libdevice/libdevice.10.bc'],
  ['nccl', 'nvidia_nccl_cu12-2.32.3.dist-info/licenses/License.txt', 'License.txt'],
  ['curand', 'nvidia_curand_cu12-10.3.10.19.dist-info/License.txt', 'License.txt'],
])('of the wheel for %s it takes %s', (folder, member, place) =>
  expect(placeOfCudaMember(member, folder)).toBe(place),
);

it.each([
  ['cublas', 'nvidia/cublas/include/cublas.h'],
  ['cublas', 'nvidia/cudnn/lib/libcudnn.so.9'],
  ['cublas', 'nvidia/cublas/lib/../../../../libcublas.so.12'],
  ['cuda_runtime', 'nvidia/cuda_runtime/lib/libcudart_static.a'],
  ['cuda_cupti', 'nvidia/cuda_cupti/lib/libnvperf_host.so'],
  ['cuda_nvrtc', 'nvidia/cuda_nvrtc/lib/libnvrtc.alt.so.12'],
  ['cusolver', 'nvidia/cusolver/lib/libcusolverMg.so.11'],
])('of the wheel for %s it leaves %s', (folder, member) =>
  expect(placeOfCudaMember(member, folder)).toBeUndefined(),
);

it('brings what tensorflow[and-cuda] lists, each exactly pinned', () => {
  expect(cudaWheels.map(folderOf)).toEqual([
    'cublas',
    'cuda_cupti',
    'cuda_nvcc',
    'cuda_nvrtc',
    'cuda_runtime',
    'cudnn',
    'cufft',
    'curand',
    'cusolver',
    'cusparse',
    'nccl',
    'nvjitlink',
  ]);
  for (const { requirement, sha256, bytes } of cudaWheels) {
    expect(requirement).toMatch(/^nvidia-[a-z-]+-cu12==\d+(\.\d+)+$/);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(bytes).toBeGreaterThan(1e6);
  }
});

describe.skipIf(process.platform === 'win32')('the link to the CUDA libraries', () => {
  let folder;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wellformed-cuda-'));
    mkdirSync(join(folder, 'cuda-1', 'cublas', 'lib'), { recursive: true });
    writeFileSync(join(folder, 'cuda-1', 'cublas', 'lib', 'libcublas.so.12'), 'library');
    mkdirSync(join(folder, 'build', 'deps', 'lib'), { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('leads from where TensorFlow looks to where they lie', () => {
    const deps = join(folder, 'build', 'deps');
    expect(linkedCuda(deps)).toBeNull();
    linkCuda(deps, join(folder, 'cuda-1'));
    linkCuda(deps, join(folder, 'cuda-1'));
    expect(linkedCuda(deps)).toBe('cuda-1');
    const found = join(deps, 'lib', '..', 'nvidia', 'cublas', 'lib', 'libcublas.so.12');
    expect(readFileSync(found, 'utf8')).toBe('library');
    linkCuda(deps, null);
    expect(linkedCuda(deps)).toBeNull();
  });

  it('tells of none where they have been deleted', () => {
    const deps = join(folder, 'build', 'deps');
    linkCuda(deps, join(folder, 'cuda-1'));
    rmSync(join(folder, 'cuda-1'), { recursive: true });
    expect(linkedCuda(deps)).toBeNull();
  });
});
