import { resolve } from 'node:path';

/** The kinds of images: TensorFlow for CPUs, or for NVIDIA GPUs. */
export const variants = ['cpu', 'gpu'];

/**
 * Reads the arguments `cpu|gpu FOLDER`.
 * @param {string[]} args
 * @param {string} script name of the script, for the error message
 */
export function readVariant([variant, folder], script) {
  if (variants.includes(variant) && folder) return { variant, folder: resolve(folder) };
  throw new Error(`Usage: node scripts/image/${script} ${variants.join('|')} FOLDER`);
}
