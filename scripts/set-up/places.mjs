import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout that these scripts belong to. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const nodeModules = join(root, 'node_modules');

/** What is costly to make and survives `npm ci`: native libraries and compiled addons. Ignored by git; safe to delete. */
export const engineFolder = join(root, '.engine');

/** The stamps of finished steps lie inside what they vouch for, so that deleting it deletes them too. */
export const stampFolder = join(nodeModules, '.wellformed');
