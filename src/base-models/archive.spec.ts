import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.js';
import { zip, type ZipMember } from '../../test/support/zip-writer.js';
import { extractMembers } from './archive.js';
import { SourceError } from './source.js';

const signal = new AbortController().signal;

let root: string;
let folder: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'archive-'));
});
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
});
afterAll(() => rmSync(root, { recursive: true }));

function archive(members: readonly ZipMember[]): string {
  const path = join(folder, 'x.zip');
  writeFileSync(path, zip(members));
  return path;
}

const wanted = (maxBytes = 1000) => [{ member: 'dir/a.txt', to: join(folder, 'a.txt'), maxBytes }];

describe('extractMembers', () => {
  it.each([true, false])('takes out what is asked for and nothing else (stored: %s)', async (stored) => {
    const path = archive([
      { name: 'dir/', data: Buffer.alloc(0), stored: true },
      { name: 'dir/b.txt', data: Buffer.from('b'), stored },
      { name: 'dir/a.txt', data: Buffer.from('hello'), stored },
    ]);
    await extractMembers(
      path,
      [...wanted(), { member: 'c', to: join(folder, 'c'), maxBytes: 1, optional: true }],
      signal,
    );
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('hello');
    expect(existsSync(join(folder, 'b.txt'))).toBe(false);
    expect(existsSync(join(folder, 'c'))).toBe(false);
  });

  const bomb = Buffer.alloc(1_000_000);
  it.each<[string, ZipMember[], RegExp]>([
    ['a missing member', [{ name: 'a.txt', data: bomb }], /lacks dir\/a.txt/],
    ['a member that says it is too large', [{ name: 'dir/a.txt', data: bomb }], /larger than the 1000 bytes/],
    [
      'a member that is larger than it says',
      [{ name: 'dir/a.txt', data: bomb, claimedSize: 10 }],
      /cannot be read/,
    ],
    [
      'a member that is there twice',
      [
        { name: 'dir/a.txt', data: Buffer.from('1') },
        { name: 'dir/a.txt', data: Buffer.from('2') },
      ],
      /holds dir\/a.txt twice/,
    ],
    ['an encrypted member', [{ name: 'dir/a.txt', data: Buffer.from('1'), encrypted: true }], /encrypted/],
    ['a name that climbs out', [{ name: '../a.txt', data: Buffer.from('1') }], /cannot be read/],
    ['an absolute name', [{ name: '/etc/a.txt', data: Buffer.from('1') }], /cannot be read/],
  ])('refuses %s', async (_, members, message) => {
    const path = archive(members);
    await expect(extractMembers(path, wanted(), signal)).rejects.toThrow(SourceError);
    rmSync(join(folder, 'a.txt'), { force: true });
    await expect(extractMembers(path, wanted(), signal)).rejects.toThrow(message);
    expect(existsSync(join(root, 'a.txt'))).toBe(false);
  });

  it('never overwrites a file', async () => {
    const path = archive([{ name: 'dir/a.txt', data: Buffer.from('new') }]);
    writeFileSync(join(folder, 'a.txt'), 'old');
    await expect(extractMembers(path, wanted(), signal)).rejects.toThrow(SourceError);
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('old');
  });

  it('fails in its own way on any damage', async () => {
    const sound = zip([
      { name: 'dir/a.txt', data: Buffer.from('hello hello hello') },
      { name: 'dir/b.txt', data: Buffer.from('b'), stored: true },
    ]);
    const changes = fc.array(
      fc.tuple(fc.integer({ min: 0, max: sound.length - 1 }), fc.integer({ min: 0, max: 255 })),
      { minLength: 1, maxLength: 3 },
    );
    const path = join(folder, 'x.zip');
    await fc.assert(
      fc.asyncProperty(changes, async (damage) => {
        const bytes = Buffer.from(sound);
        for (const [at, value] of damage) bytes[at] = value;
        writeFileSync(path, bytes);
        rmSync(join(folder, 'a.txt'), { force: true });
        await extractMembers(path, wanted(), signal).catch((error: unknown) => {
          expect(error).toBeInstanceOf(SourceError);
        });
      }),
      fuzzed(300),
    );
  });

  it('stops when it is told to', async () => {
    const path = archive([{ name: 'dir/a.txt', data: Buffer.from('1') }]);
    const reason = new Error('enough');
    await expect(extractMembers(path, wanted(), AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
