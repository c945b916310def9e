import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DataFolder } from './data-folder.js';
import { SpaceReserve } from './space-reserve.js';

let folder: string;
let file: string;
let reserve: SpaceReserve;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  folder = mkdtempSync(path.join(tmpdir(), 'wellformed-reserve-'));
  file = path.join(folder, 'reserve');
  reserve = new SpaceReserve({ path: folder } as DataFolder);
});

afterEach(() => {
  reserve.onApplicationShutdown();
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

describe('the reserve of space', () => {
  it('is taken, given up at once, and taken again by itself', async () => {
    expect(existsSync(file)).toBe(false);
    await reserve.keep();
    expect(statSync(file).size).toBe(4 * 2 ** 20);
    expect(vi.getTimerCount()).toBe(0);
    reserve.spend();
    expect(existsSync(file)).toBe(false);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    await vi.waitFor(() => expect(statSync(file).size).toBe(4 * 2 ** 20));
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(0));
  });

  it('is tried again as long as there is no room', async () => {
    // A folder that is not there stands for a disk that takes nothing.
    rmSync(folder, { recursive: true });
    await reserve.keep();
    expect(vi.getTimerCount()).toBe(1);
    mkdirSync(folder);
    await vi.advanceTimersByTimeAsync(10_000);
    await vi.waitFor(() => expect(statSync(file).isFile()).toBe(true));
  });
});
