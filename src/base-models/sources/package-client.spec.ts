import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compiled } from '../../../test/support/compiled.js';
import { SourceError } from '../source.js';
import { findOnPath, runClient, type ClientRun } from './package-client.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'client-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a shell script in place of a client. */
function run(script: string, more: Partial<ClientRun> = {}): Promise<void> {
  return runClient({
    command: '/bin/sh',
    arguments: ['-c', script],
    folder,
    signal: new AbortController().signal,
    watch: [],
    onBytes: () => undefined,
    timeLimitMs: 60_000,
    stallLimitMs: 60_000,
    ...more,
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // If parent and child are both killed, the child stays a zombie until init reaps it.
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('runClient', () => {
  it('tells the error lines of a client that fails', async () => {
    const failure = run('echo "[INFO] nothing"; echo "[ERROR] no such artifact" >&2; exit 3');
    await expect(failure).rejects.toThrow(SourceError);
    await expect(failure).rejects.toThrow(/ended with status 3: no such artifact$/);
  });

  it('tells that a client cannot be started', async () => {
    await expect(run('', { command: join(folder, 'nothing') })).rejects.toThrow(
      /could not be started \(.*ENOENT/,
    );
  });

  it('passes environment on and reports how a file grows', async () => {
    const seen: number[] = [];
    const watch = [{ folder, prefix: 'growing' }];
    const script =
      'cd "$FOLDER"; printf 12345 > growing.part; sleep 0.8; printf 678 >> growing.part; sleep 0.8';
    await run(script, { environment: { A: '12345' }, watch, onBytes: (bytes) => seen.push(bytes) });
    expect(seen).toEqual([5, 8]);
  });

  it.skipIf(process.platform !== 'linux')(
    'kills the client and its children when it is told to stop',
    async () => {
      const stop = new AbortController();
      const pids = join(folder, 'pids');
      const running = run(`sleep 100 & echo $$ $! > ${pids}; wait`, { signal: stop.signal });
      while (!existsSync(pids) || readFileSync(pids, 'utf8') === '') await wait(20);
      const started = readFileSync(pids, 'utf8').trim().split(' ').map(Number);
      expect(started.map(isAlive)).toEqual([true, true]);
      const reason = new Error('cancelled');
      stop.abort(reason);
      await expect(running).rejects.toBe(reason);
      await wait(100);
      expect(started.map(isAlive)).toEqual([false, false]);
    },
  );

  it.skipIf(process.platform !== 'linux')('leaves no client behind when its process is killed', async () => {
    const pids = join(folder, 'pids-of-orphans');
    const module = compiled(new URL('package-client.ts', import.meta.url)).href;
    const client = `sleep 100 & echo $$ $! > ${pids}; wait`;
    const program = `
      const { runClient } = await import(${JSON.stringify(module)});
      await runClient({ command: '/bin/sh', arguments: ['-c', ${JSON.stringify(client)}], folder: ${JSON.stringify(folder)},
        signal: new AbortController().signal, watch: [], onBytes() {}, timeLimitMs: 60_000, stallLimitMs: 60_000 });`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: 'inherit',
    });
    while (!existsSync(pids) || readFileSync(pids, 'utf8') === '') await wait(20);
    const started = readFileSync(pids, 'utf8').trim().split(' ').map(Number);
    expect(started.map(isAlive)).toEqual([true, true]);
    parent.kill('SIGKILL');
    await expect.poll(() => started.map(isAlive), { timeout: 10_000 }).toEqual([false, false]);
  });

  it('ends a client that takes too long or stands still', async () => {
    await expect(run('sleep 100', { timeLimitMs: 100 })).rejects.toThrow(/took longer than/);
    await expect(run('sleep 100', { stallLimitMs: 100 })).rejects.toThrow(/no data came for/);
  });

  it('does not start when it was told to stop before', async () => {
    const reason = new Error('cancelled');
    await expect(run(`touch ${folder}/started`, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(existsSync(join(folder, 'started'))).toBe(false);
  });
});

it('findOnPath finds programs, not other files', () => {
  expect(findOnPath('sh')).toMatch(/\/sh$/);
  expect(findOnPath('no-such-program')).toBeUndefined();
});
