import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { shortened } from '../../common/text.js';
import { SourceError } from '../source.js';

export interface ClientRun {
  command: string;
  arguments: readonly string[];
  /** Working folder. */
  folder: string;
  environment?: Readonly<Record<string, string>>;
  signal: AbortSignal;
  /** Files that grow during the download. The client may have no progress output that a program can read. */
  watch: readonly WatchedFolder[];
  onBytes(bytes: number): void;
  /** The client is killed if it takes longer. */
  timeLimitMs: number;
  /** The client is killed if no watched file grows for this long. */
  stallLimitMs: number;
}

export interface WatchedFolder {
  folder: string;
  /** Only files whose names start with this prefix are watched. */
  prefix: string;
}

/** Returns the path of an installed program; undefined if there is none. */
export function findOnPath(program: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
      } catch {
        return false;
      }
    });
}

/**
 * Runs a client ("$@") next to a watcher that reads from a pipe. Nothing is ever written to the pipe. It
 * closes when this process or thread ends for any reason. Then the watcher kills the whole group.
 */
const WATCHED = `
exec 3<&0
(read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 &
watcher=$!
"$@" </dev/null 3<&- &
wait $!
status=$?
kill -KILL $watcher
exit $status
`;

/**
 * Runs a package registry's client to its end. The client and its children are killed when the signal aborts,
 * when it takes too long, or when this process ends.
 * @throws SourceError with the last lines of its output, if it fails
 */
export async function runClient(run: ClientRun): Promise<void> {
  run.signal.throwIfAborted();
  await access(run.command, constants.X_OK).catch((error: Error) => {
    throw new SourceError(`it could not be started (${error.message})`);
  });
  // Use a separate process group, so that the client's children end with it. For example, a shell script
  // starts Java.
  const child = spawn('/bin/sh', ['-c', WATCHED, 'sh', run.command, ...run.arguments], {
    detached: true,
    cwd: run.folder,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...run.environment },
  });
  let output = '';
  const collect = (text: string) => {
    output = (output + text).slice(-20_000);
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', collect);

  let ended: string | undefined;
  const kill = (reason: string) => {
    ended ??= reason;
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The process has already ended.
    }
  };
  const onAbort = () => kill('the run was stopped');
  run.signal.addEventListener('abort', onAbort, { once: true });
  const limit = setTimeout(() => kill(`it took longer than ${minutes(run.timeLimitMs)}`), run.timeLimitMs);
  let seen = 0;
  let grownAt = performance.now();
  let watching = false;
  const watch = setInterval(() => {
    if (watching) return;
    watching = true;
    void watchedBytes(run.watch)
      .then((bytes) => {
        if (bytes !== seen) {
          grownAt = performance.now();
          if (bytes > seen && ended === undefined) run.onBytes(bytes);
          seen = bytes;
        } else if (performance.now() - grownAt > run.stallLimitMs) {
          kill(`no data came for ${minutes(run.stallLimitMs)}`);
        }
      })
      .finally(() => (watching = false));
  }, 500);

  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    run.signal.throwIfAborted();
    if (ended !== undefined) throw new SourceError(`it was stopped because ${ended}`);
    if (status !== 0) throw new SourceError(`it ended with status ${status}: ${lastLines(output)}`);
  } catch (error) {
    run.signal.throwIfAborted();
    if (error instanceof SourceError) throw error;
    throw new SourceError(`it could not be started (${(error as Error).message})`);
  } finally {
    clearTimeout(limit);
    clearInterval(watch);
    run.signal.removeEventListener('abort', onAbort);
  }
}

async function watchedBytes(folders: readonly WatchedFolder[]): Promise<number> {
  let bytes = 0;
  for (const { folder, prefix } of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isFile() || !entry.name.startsWith(prefix)) continue;
      const path = join(entry.parentPath, entry.name);
      // The same file may exist in two places for a moment. The larger copy counts.
      bytes = Math.max(
        bytes,
        await stat(path).then(
          ({ size }) => size,
          () => 0,
        ),
      );
    }
  }
  return bytes;
}

/** Selects from the client's output what a person needs: its error lines, or else its last ones. */
function lastLines(output: string): string {
  const lines = stripVTControlCharacters(output)
    .split(/\r?\n|\r/)
    .map((line) => line.trim())
    .filter(Boolean);
  const errors = lines
    .filter((line) => /error/i.test(line))
    .map((line) => line.replace(/^\[?ERROR\]?:?\s*/, ''));
  const telling = errors.filter(Boolean).slice(0, 2);
  return shortened((telling.length > 0 ? telling : lines.slice(-2)).join(' '), 500) || 'it printed nothing';
}

function minutes(milliseconds: number): string {
  return `${Math.round(milliseconds / 60_000)} minutes`;
}
