import { execFileSync } from 'node:child_process';

/** The card that is measured: the first that `CUDA_VISIBLE_DEVICES` names, by number or UUID. */
const card = (process.env.CUDA_VISIBLE_DEVICES ?? '0').split(',')[0].trim();

/**
 * What both programs are told, so that they mean the same card and the same precision.
 * @param {'float32' | 'tf32'} precision
 */
export function gpuEnvironment(precision) {
  return {
    // Else CUDA numbers cards by their speed, and nvidia-smi by their place.
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    CUDA_VISIBLE_DEVICES: card,
    // TensorFlow rounds to TF32 unless this forbids it; PyTorch only if it is asked to.
    NVIDIA_TF32_OVERRIDE: precision === 'float32' ? '0' : undefined,
  };
}

/** Bytes in use on the card, by all that runs there. Both libraries keep what they once took, so growth shows a program's peak. */
export function gpuMemoryInUse() {
  return Number(ask('memory.used')) * 2 ** 20;
}

/** What the times hold for. */
export function gpuFacts() {
  return { name: ask('name'), driver: ask('driver_version'), memoryMiB: Number(ask('memory.total')) };
}

function ask(what) {
  const query = [`--query-gpu=${what}`, '--format=csv,noheader,nounits', `--id=${card}`];
  return execFileSync('nvidia-smi', query, { encoding: 'utf8' }).trim();
}
