import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run, runInForeground } from './command.mjs';
import { sizeOf } from './folder-size.mjs';

const node = process.execPath;

describe('run', () => {
  let folder;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'wellformed-command-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('gives the standard output', async () => {
    expect(await run(node, ['-e', 'console.log(6 * 7); console.error("aside")'])).toBe('42\n');
  });

  it('fails with the exit code and what was printed', async () => {
    const work = run(node, ['-e', 'console.error("no compiler"); process.exit(3)'], { label: 'the build' });
    await expect(work).rejects.toThrow(/^the build failed with exit code 3; it said:\n\s+\| no compiler$/);
  });

  it('says so when the program is not there', async () => {
    await expect(run(join(folder, 'absent'), [])).rejects.toThrow('could not be started');
  });

  it.skipIf(process.platform === 'win32')(
    'ends the whole family of a command that takes too long',
    async () => {
      const grandchild = join(folder, 'grandchild');
      const program = `
      require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
        .once('spawn', function () { require('node:fs').writeFileSync(${JSON.stringify(grandchild)}, String(this.pid)); });
      setInterval(() => {}, 1000);`;
      await expect(run(node, ['-e', program], { limitSeconds: 3 })).rejects.toThrow('took longer than 3 s');
      expect(existsSync(grandchild)).toBe(true);
      const pid = Number(readFileSync(grandchild, 'utf8'));
      await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false);
    },
  );

  it('gives up on a download that brings nothing, not on one that grows', async () => {
    const program = `let n = 0; setInterval(() => require('node:fs').writeFileSync('part', 'x'.repeat(++n)), 200); setTimeout(() => process.exit(), 3500)`;
    const options = { cwd: folder, bytes: () => sizeOf(folder), stallSeconds: 2 };
    await run(node, ['-e', program], options);
    const stalled = run(node, ['-e', 'setInterval(() => {}, 1000)'], { ...options, label: 'pip' });
    await expect(stalled).rejects.toThrow('pip made no progress for 2 s');
  });
});

describe('runInForeground', () => {
  it('passes the exit code on', async () => {
    expect(await runInForeground(node, ['-e', 'process.exit(7)'])).toBe(7);
  });

  it.skipIf(process.platform === 'win32')('tells a signal as shells do', async () => {
    expect(
      await runInForeground(node, [
        '-e',
        'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)',
      ]),
    ).toBe(143);
  });
});

it('sizeOf adds up files at any depth and forgives what is not there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wellformed-size-'));
  try {
    writeFileSync(join(folder, 'a'), 'four');
    expect(sizeOf(folder, join(folder, 'absent'))).toBe(4);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Whether a process is alive. A zombie is not. */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}
