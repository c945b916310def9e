import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The version of the running service. */
export interface BuildInfo {
  version: string;
  /** Git commit of the sources; null if unknown. */
  commit: string | null;
}

/** @param folder with `package.json`: a checkout, or its copy in an image */
export function readBuildInfo(folder: string): BuildInfo {
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as BuildInfo;
  return { version, commit: commitOf(folder) };
}

/** An image has a file with the commit (`scripts/image/application.mjs`). In a checkout, this asks git. */
function commitOf(folder: string): string | null {
  const file = path.join(folder, 'commit');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : askGit(folder);
  return /^[0-9a-f]{7,64}(?=\s|$)/.exec(text)?.[0] ?? null;
}

function askGit(folder: string): string {
  // Without this check, git would find a repository around this folder.
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

/** Build information of this process. */
export const buildInfo: BuildInfo = readBuildInfo(fileURLToPath(new URL('../..', import.meta.url)));
