import { totalmem } from 'node:os';

/** Bytes that this process may use: what the machine has, or less where a container or control group says so. */
export function hostMemory(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}
