import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Total size of all files under the folders, in bytes. Files may come and go meanwhile. */
export function sizeOf(...folders) {
  let bytes = 0;
  for (const folder of folders) {
    for (const entry of entriesOf(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) bytes += sizeOf(path);
      else if (entry.isFile()) bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    }
  }
  return bytes;
}

function entriesOf(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
