import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * A stamp is a small JSON file with the inputs of a finished step. It is removed before the step starts and
 * written after it ends. So an interrupted step has no stamp and runs again.
 */
export function readStamp(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

export function hasStamp(path, content) {
  return JSON.stringify(readStamp(path)) === JSON.stringify(content);
}

export function writeStamp(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(content));
  renameSync(temporary, path);
}

export function removeStamp(path) {
  rmSync(path, { force: true });
}

export function sha256(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
