import { realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const program = path.resolve(fileURLToPath(new URL('../..', import.meta.url)));

/**
 * Shortens the paths in a message for clients. Clients learn which file of which model is meant, but not
 * where it lies on the server. Only the log may say that.
 */
export function withoutServerFolders(
  message: string,
  { dataFolder, baseModelFolder }: { dataFolder: string; baseModelFolder: string },
): string {
  const folders = [baseModelFolder, dataFolder, program].flatMap((folder) => [folder, real(folder)]);
  return [...new Set(folders)]
    .filter((folder) => path.dirname(folder) !== folder)
    .sort((a, b) => b.length - a.length)
    .reduce((text, folder) => text.replaceAll(patternOf(folder), () => path.basename(folder)), message);
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
