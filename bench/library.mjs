import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The library as this checkout's build has it. */
export const BUILT = fileURLToPath(new URL('../dist/bert', import.meta.url));

/**
 * What training takes of the compiled library, under the names it has there.
 * @param {string} folder {@link BUILT}, or another build to compare with
 */
export async function loadLibrary(folder) {
  const files = [
    'engines/start.js',
    'fine-tuning/fine-tune.js',
    'fine-tuning/hyperparameters.js',
    'tokenizer/tokenizer.js',
    'weights/model-folder.js',
  ];
  const modules = await Promise.all(files.map((file) => import(pathToFileURL(resolve(folder, file)).href)));
  return Object.assign({}, ...modules);
}
