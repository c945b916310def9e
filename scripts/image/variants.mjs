import { resolve } from 'node:path';

/** The images there are: what trains is TensorFlow for CPUs or for NVIDIA GPUs. */
export const variants = ['cpu', 'gpu'];

/**
 * Reads the arguments `cpu|gpu FOLDER`.
 * @param {string[]} args
 * @param {string} script its name, for the advice
 */
export function readVariant([variant, folder], script) {
  if (variants.includes(variant) && folder) return { variant, folder: resolve(folder) };
  throw new Error(`Usage: node scripts/image/${script} ${variants.join('|')} FOLDER`);
}
