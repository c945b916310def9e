import type { write } from 'node:fs';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { LogOutput } from './log-output.js';

const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Callback = (error: NodeJS.ErrnoException | null, written: number) => void;

/** A file descriptor that answers each write as the test says. */
class Device {
  taken = '';
  readonly answers: (string | number)[] = [];
  held: (() => void)[] = [];
  holds = false;

  readonly write = ((
    _fd: number,
    bytes: Buffer,
    _offset: number,
    _length: number,
    _at: null,
    done: Callback,
  ) => {
    const answer = () => {
      const next = this.answers.shift() ?? bytes.length;
      if (typeof next === 'string') return done(Object.assign(new Error(next), { code: next }), 0);
      this.taken += bytes.subarray(0, next).toString();
      done(null, next);
    };
    if (this.holds) this.held.push(answer);
    else setImmediate(answer);
  }) as unknown as typeof write;
}

describe('the output of the log', () => {
  it('is written whole and in order, whatever is taken at a time', async () => {
    const device = new Device();
    device.answers.push(3, 'EAGAIN', 2);
    const output = new LogOutput(1, device.write);
    for (let line = 0; line < 20; line++) output.write(`line ${line}\n`);
    await sleep(200);
    expect(device.taken).toBe(Array.from({ length: 20 }, (_, line) => `line ${line}\n`).join(''));
    expect(output.lost).toBe(0);
  });

  it('counts what cannot be written, and tells of it once when it can again', async () => {
    const device = new Device();
    device.answers.push('ENOSPC', 'EPIPE');
    const output = new LogOutput(1, device.write);
    output.write('one\n');
    await sleep(20);
    output.write('two\nthree\n');
    await sleep(20);
    expect(output.lost).toBe(3);
    output.write('four\n');
    output.write('five\n');
    await sleep(50);
    expect(device.taken).toBe('four\nfive\n3 lines of the log could not be written.\n');
    expect(output.lost).toBe(3);
  });

  it('does not fill the memory where nobody reads', async () => {
    const device = new Device();
    device.holds = true;
    const output = new LogOutput(1, device.write);
    const line = `${'x'.repeat(1023)}\n`;
    for (let count = 0; count < 10_000; count++) output.write(line);
    // All but the line that is being written and the 4 MiB that wait.
    expect(output.lost).toBe(10_000 - 1 - 4096);
    device.holds = false;
    device.held.forEach((answer) => answer());
    await expect
      .poll(() => device.taken.slice(-60))
      .toMatch(/\n5903 lines of the log could not be written\.\n$/);
  });

  it('has its last lines at the end of the process, if they are taken', () => {
    const file = path.join(folder, 'end.log');
    const descriptor = openSync(file, 'w');
    const output = new LogOutput(descriptor, new Device().write);
    output.write('under way\n');
    output.write('last\n');
    output.close();
    closeSync(descriptor);
    expect(readFileSync(file, 'utf8')).toBe('last\n');
    output.write('too late\n');
    expect(() => output.close()).not.toThrow();
  });
});
