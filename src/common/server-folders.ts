import { realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const program = path.resolve(fileURLToPath(new URL('../..', import.meta.url)));

/**
 * Shortens the paths in a message for clients. Clients learn which file of which model is meant, but not
 * where it lies on the server. Only the log may say that.
 */
export function withoutServerFolders(message: string, folders: ServerFolders): string {
  return serverFolderShortener(folders)(message);
}

interface ServerFolders {
  dataFolder: string;
  baseModelFolder: string;
}

/** The same for many messages: it looks only once where the folders really are. */
export function serverFolderShortener({
  dataFolder,
  baseModelFolder,
}: ServerFolders): (message: string) => string {
  const folders = [baseModelFolder, dataFolder, program].flatMap((folder) => [folder, real(folder)]);
  const patterns = [...new Set(folders)]
    .filter((folder) => path.dirname(folder) !== folder)
    .sort((a, b) => b.length - a.length)
    .map((folder) => [patternOf(folder), path.basename(folder)] as const);
  return (message) =>
    patterns.reduce((text, [pattern, name]) => text.replaceAll(pattern, () => name), message);
}

/** Matches the folder, but not as a part of a longer name or address. */
function patternOf(folder: string): RegExp {
  return new RegExp(
    `(?:file://|(?<![\\w./\\\\-]))${folder.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`,
    'g',
  );
}

function real(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
