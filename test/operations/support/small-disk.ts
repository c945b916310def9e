import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A file system of its own that is quickly full. It is seen only by programs that are started under it. */
export interface SmallDisk {
  /** What a program is to be started with to see the disk. */
  under: readonly string[];
  /** The disk's folder as such a program sees it. */
  folder: string;
  /** The same folder as this process sees it. */
  seenFromHere: string;
  /** Takes all the space there is, to the last byte that a file can have. */
  fill(): void;
  /** Takes all but so many bytes. */
  fillBut(bytes: number): void;
  /** Gives back what was taken. */
  free(): void;
  /** Call it when no program uses the disk any more. */
  close(): Promise<void>;
}

const MAKING = ['--user', '--map-root-user', '--mount'];

/** Why there can be no small disk here; undefined if there can. */
export function whyNoSmallDisk(): string | undefined {
  const advice =
    'Run it on Linux, where unprivileged users may have namespaces of their own (unshare and nsenter of util-linux).';
  if (process.platform !== 'linux') return advice;
  const tried = spawnSync('unshare', [...MAKING, 'mount', '-t', 'tmpfs', 'none', '/mnt'], {
    encoding: 'utf8',
  });
  if (tried.status === 0) return undefined;
  return `${tried.error?.message ?? tried.stderr.trim()}. ${advice}`;
}

/** A tmpfs in a mount namespace, so that nobody needs to be root. @param bytes its size */
export async function openSmallDisk(bytes: number): Promise<SmallDisk> {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-disk-'));
  const script = `mount -t tmpfs -o size=${bytes} none ${folder} && touch ${folder}/mounted && exec sleep infinity`;
  const keeper = spawn('unshare', [...MAKING, 'sh', '-c', script], { stdio: 'ignore' });
  const ended = once(keeper, 'exit');
  const seenFromHere = path.join('/proc', String(keeper.pid), 'root', folder);
  while (!existsSync(path.join(seenFromHere, 'mounted'))) {
    if (keeper.exitCode !== null) throw new Error('The small disk could not be mounted.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  rmSync(path.join(seenFromHere, 'mounted'));
  const ballast = path.join(seenFromHere, 'ballast');
  const fill = () => {
    for (let chunk = 2 ** 20; chunk >= 1; chunk = Math.floor(chunk / 2)) {
      try {
        for (;;) appendFileSync(ballast, Buffer.alloc(chunk));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  };
  return {
    under: ['nsenter', '--target', String(keeper.pid), '--user', '--mount', '--preserve-credentials'],
    folder,
    seenFromHere,
    fill,
    fillBut: (bytes) => {
      fill();
      truncateSync(ballast, Math.max(0, statSync(ballast).size - bytes));
    },
    free: () => rmSync(ballast, { force: true }),
    close: async () => {
      keeper.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
