import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether TensorFlow will see an NVIDIA GPU. This is the same check as in src/bert/engines/detect.ts, which
 * explains it.
 */
export function seesNvidiaGpu(root = '/', env = process.env) {
  if (process.platform !== 'linux' || /^\s*(-.*)?$/.test(env.CUDA_VISIBLE_DEVICES ?? '0')) return false;
  const devices = join(root, 'dev');
  const names = existsSync(devices) ? readdirSync(devices) : [];
  if (names.some((name) => /^nvidia\d+$/.test(name))) return true;
  return names.includes('dxg') && existsSync(join(root, 'usr/lib/wsl/lib/libcuda.so.1'));
}
