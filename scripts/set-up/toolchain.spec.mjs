import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { headersFolder, works } from './toolchain.mjs';

it('takes the headers of the binary interface asked for, wherever they lie', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wellformed-headers-'));
  try {
    const [iron, krypton] = [115, 137].map((abi) => {
      const prefix = join(folder, String(abi));
      mkdirSync(join(prefix, 'include', 'node'), { recursive: true });
      writeFileSync(
        join(prefix, 'include', 'node', 'node_version.h'),
        `#define X 1\n#define NODE_MODULE_VERSION ${abi}\n`,
      );
      return prefix;
    });
    expect(headersFolder([undefined, join(folder, 'absent'), iron, krypton], '137')).toBe(krypton);
    expect(headersFolder([iron], '137')).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('tells whether a program works', async () => {
  expect(await works(process.execPath, ['--version'])).toBe(true);
  expect(await works(process.execPath, ['-e', 'process.exit(1)'])).toBe(false);
  expect(await works('a-program-that-nobody-has', [])).toBe(false);
});
