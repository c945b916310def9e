import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { takeLock } from './lock.mjs';

const lockModule = JSON.stringify(new URL('./lock.mjs', import.meta.url).href);

describe('the lock of a checkout', () => {
  it('is had by one at a time, and waited for', async () => {
    const name = newName();
    const giveBack = await takeLock(name);
    const other = start(`await takeLock('${name}'); console.log('mine'); process.exit()`);
    await expect.poll(other.output, { timeout: 10_000 }).toContain('waiting for it to end');
    expect(other.output()).not.toContain('mine');
    giveBack();
    await expect.poll(other.output, { timeout: 10_000 }).toContain('mine');
  });

  it('dies with its holder', async () => {
    const name = newName();
    const holder = start(`await takeLock('${name}'); console.log('mine'); setInterval(() => {}, 1000)`);
    await expect.poll(holder.output, { timeout: 10_000 }).toContain('mine');
    holder.process.kill('SIGKILL');
    (await takeLock(name))();
  });

  it.skipIf(process.platform === 'win32')('is kept by what a killed holder left running', async () => {
    const name = newName();
    const holder = start(`
      const { spawn } = await import('node:child_process');
      await takeLock('${name}');
      const child = spawn('sleep', ['3'], { detached: true, stdio: ['ignore', 'ignore', 'ignore', lockDescriptor()] });
      child.once('spawn', () => process.kill(process.pid, 'SIGKILL'));`);
    await once(holder.process, 'exit');
    const started = Date.now();
    (await takeLock(name))();
    expect(Date.now() - started).toBeGreaterThan(500);
  });
});

let counter = 0;
function newName() {
  return `wellformed-lock-spec-${process.pid}-${++counter}`;
}

function start(program) {
  const source = `import { lockDescriptor, takeLock } from ${lockModule}; ${program}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  return { process: child, output: () => text };
}
