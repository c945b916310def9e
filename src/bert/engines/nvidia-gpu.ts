import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/**
 * Whether TensorFlow will be shown an NVIDIA GPU by this machine. Looks at files only: on Linux the driver makes a device file per
 * card, and a container has those of the cards it was given; under WSL the driver is a library of Windows. What
 * `CUDA_VISIBLE_DEVICES` hides (it lists devices up to the first number that is none) is not there. Whether the driver is new
 * enough shows only when TensorFlow starts.
 */
export function seesNvidiaGpu(root = '/', env: NodeJS.ProcessEnv = process.env): boolean {
  if (process.platform !== 'linux' || /^\s*(-.*)?$/.test(env.CUDA_VISIBLE_DEVICES ?? '0')) return false;
  const devices = path.join(root, 'dev');
  const names = existsSync(devices) ? readdirSync(devices) : [];
  if (names.some((name) => /^nvidia\d+$/.test(name))) return true;
  return names.includes('dxg') && existsSync(path.join(root, 'usr/lib/wsl/lib/libcuda.so.1'));
}
