import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this checkout. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const nodeModules = join(root, 'node_modules');

/**
 * Native libraries and compiled addons, which take long to make and survive `npm ci`. Git ignores the folder.
 * It is safe to delete.
 */
export const engineFolder = join(root, '.engine');

/** Stamps of finished steps lie in the folder that the step fills, so that deleting the folder also deletes them. */
export const stampFolder = join(nodeModules, '.wellformed');
