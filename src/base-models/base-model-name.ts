import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { quoted } from '../common/text.js';
import { catalogue, findInCatalogue, type CatalogueEntry, type SourceLocation } from './catalogue.js';
import type { BaseModelOptions } from './options.js';

/** What a name refers to: its folder, which may not exist yet, and the sources that may provide it. */
export interface NamedBaseModel {
  name: string;
  /** Path of the model, whether it exists or not. It may be a link. */
  path: string;
  /** Real path of the model's folder once it exists. */
  folder: string;
  stored: boolean;
  entry: CatalogueEntry | undefined;
  /** Sources in the order in which they are tried. */
  sources: readonly SourceLocation[];
}

/** The name refers to nothing. The message lists the accepted kinds of names. */
export class UnknownBaseModelError extends Error {
  override readonly name = 'UnknownBaseModelError';
}

/**
 * @param name of the catalogue, of a folder under the base-model folder, or a hub id `owner/name`
 * @throws UnknownBaseModelError if it is none of these, the settings do not allow it, or it leads out of the
 * base-model folder
 */
export async function lookUpBaseModel(name: string, options: BaseModelOptions): Promise<NamedBaseModel> {
  if (!namePattern.test(name) || name.length > 200) {
    throw new UnknownBaseModelError(
      `${quoted(name, 100)} cannot be the name of a base model: letters, digits, ".", "_" and "-" are, with "/" between ` +
        `an owner and a name. ${advice(options)}`,
    );
  }
  const entry = findInCatalogue(name);
  if (entry) {
    const at = await locate(entry.name, options);
    return { name: entry.name, ...at, entry, sources: entry.sources };
  }
  const placed = await locate(name, options);
  if (placed.stored) return { name, ...placed, entry: undefined, sources: [] };
  if (!mayFetch(name, options)) {
    const hub = name.includes('/')
      ? ' and WELLFORMED_HUB_MODELS does not allow to fetch it from the hub'
      : '';
    throw new UnknownBaseModelError(`There is no base model ${quoted(name, 100)}${hub}. ${advice(options)}`);
  }
  // Replace the slash by "--", as the hub's own cache does. No owner or name on the hub contains two dashes.
  const fetched = await locate(name.replace('/', '--'), options);
  return { name, ...fetched, entry: undefined, sources: [{ kind: 'hub', id: name, sha256: {} }] };
}

/** No part may be "." or "..", or start with a dot like the store's own folders. */
const namePattern = /^[A-Za-z0-9][\w.-]*(?:\/[A-Za-z0-9][\w.-]*)*$/;

const hubIdPattern = /^[^/]+\/[^/]+$/;

function mayFetch(name: string, { hubModels }: BaseModelOptions): boolean {
  if (hubModels === 'catalogue') return false;
  if (hubModels === 'any') return hubIdPattern.test(name);
  return hubModels.includes(name);
}

async function locate(
  name: string,
  { folder }: BaseModelOptions,
): Promise<Pick<NamedBaseModel, 'path' | 'folder' | 'stored'>> {
  const path = join(folder, name);
  const real = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code ?? '')) return undefined;
    throw error;
  });
  if (real === undefined) return { path, folder: path, stored: false };
  const inside = relative(await realpath(folder), real);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw new UnknownBaseModelError(
      `${quoted(name, 100)} is a link that leads out of the base-model folder. Copy the model into that folder instead.`,
    );
  }
  const found = await stat(real);
  return { path, folder: real, stored: found.isDirectory() };
}

function advice({ hubModels }: BaseModelOptions): string {
  const known = catalogue.map((entry) => entry.name).join(', ');
  const hub =
    hubModels === 'any'
      ? ', the hub id of a BERT, ELECTRA, DistilBERT or RoBERTa model (owner/name)'
      : hubModels === 'catalogue'
        ? ''
        : `, one of ${hubModels.join(', ')} from the hub`;
  return `Choose ${known}${hub}, or put a Hugging Face folder of that name under the base-model folder.`;
}
