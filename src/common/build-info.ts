import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** What runs. */
export interface BuildInfo {
  version: string;
  /** Of the sources, as git names it; null where nobody knows. */
  commit: string | null;
}

/** @param folder the one of `package.json`: a checkout, or what an image has of it */
export function readBuildInfo(folder: string): BuildInfo {
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as BuildInfo;
  return { version, commit: commitOf(folder) };
}

/** An image has a file with it (`scripts/image/application.mjs`), a checkout is asked. */
function commitOf(folder: string): string | null {
  const file = path.join(folder, 'commit');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : askGit(folder);
  return /^[0-9a-f]{7,64}(?=\s|$)/.exec(text)?.[0] ?? null;
}

function askGit(folder: string): string {
  // Git would else tell of a repository around this folder.
  if (!existsSync(path.join(folder, '.git'))) return '';
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 2000,
    });
  } catch {
    return '';
  }
}

/** Of this process. */
export const buildInfo: BuildInfo = readBuildInfo(fileURLToPath(new URL('../..', import.meta.url)));
