import { execFileSync } from 'node:child_process';

/** The GPU to measure: the first one in `CUDA_VISIBLE_DEVICES`, by number or UUID. */
const card = (process.env.CUDA_VISIBLE_DEVICES ?? '0').split(',')[0].trim();

/**
 * Environment of both programs, so that they use the same GPU and the same precision.
 * @param {'float32' | 'tf32'} precision
 */
export function gpuEnvironment(precision) {
  return {
    // Otherwise CUDA numbers GPUs by speed, and nvidia-smi by slot.
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    CUDA_VISIBLE_DEVICES: card,
    // TensorFlow rounds to TF32 unless this forbids it. PyTorch only does so on request.
    NVIDIA_TF32_OVERRIDE: precision === 'float32' ? '0' : undefined,
  };
}

/**
 * Memory in use on the GPU by all programs, in bytes. Both libraries keep memory that they have allocated, so
 * the growth shows a program's peak.
 */
export function gpuMemoryInUse() {
  return Number(ask('memory.used')) * 2 ** 20;
}

/** Describes the GPU on which the times were measured. */
export function gpuFacts() {
  return { name: ask('name'), driver: ask('driver_version'), memoryMiB: Number(ask('memory.total')) };
}

function ask(what) {
  const query = [`--query-gpu=${what}`, '--format=csv,noheader,nounits', `--id=${card}`];
  return execFileSync('nvidia-smi', query, { encoding: 'utf8' }).trim();
}
