import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256BesideEventLoop, sha256OfFile } from './file-hash.js';

describe('sha256 of a file', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'wellformed-hash-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([0, 1, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 20 + 17])('is that of its %i bytes', async (size) => {
    const bytes = randomBytes(size);
    const file = path.join(folder, String(size));
    writeFileSync(file, bytes);
    const sum = createHash('sha256').update(bytes).digest('hex');
    expect(await sha256OfFile(file)).toBe(sum);
    expect(await sha256BesideEventLoop(file)).toBe(sum);
  });

  it('of one that is not there is an error', async () => {
    await expect(sha256OfFile(path.join(folder, 'none'))).rejects.toThrow('ENOENT');
    await expect(sha256BesideEventLoop(path.join(folder, 'none'))).rejects.toThrow('ENOENT');
  });
});
