import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DamagedError } from '../common/errors.js';
import { formatRow, hashedRow, readRows, readRowsAt, type RowsSource, type StoredRow } from './rows-file.js';

describe('the rows file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wellformed-rows-'));
  const file = path.join(folder, 'rows.tsv');
  const rows = Array.from({ length: 5000 }, (_, i): StoredRow => ({
    label: i % 2 ? 1 : 0,
    sentence: `Sentence ${i}: naïve 😀 語 ${'long '.repeat(i % 100 === 0 ? 1000 : 0)}\rend.`,
    source: i % 3 ? 'own' : '',
    mark: i % 5 ? '' : '*',
  }));
  writeFileSync(file, rows.map(formatRow).join(''));
  const source = {
    id: 'ds_1',
    path: file,
    contentHash: createHash('sha256').update(rows.map(hashedRow).join('')).digest('hex'),
  };
  let handle: FileHandle;
  beforeAll(async () => {
    handle = await open(file);
  });
  afterAll(async () => {
    await handle.close();
    rmSync(folder, { recursive: true });
  });

  async function all(from: RowsSource): Promise<StoredRow[]> {
    const read: StoredRow[] = [];
    for await (const row of readRows(from)) read.push(row);
    return read;
  }

  it('gives back what was written', async () => {
    expect(await all(source)).toEqual(rows);
  });

  it('gives the same page by page', async () => {
    const read: StoredRow[] = [];
    for (let offset: number | null = 0; offset !== null;) {
      const page = await readRowsAt(handle, offset, 77);
      expect(page!.rows.length).toBeLessThanOrEqual(77);
      read.push(...page!.rows);
      offset = page!.nextOffset;
    }
    expect(read).toEqual(rows);
  });

  it('knows where no row begins', async () => {
    expect(await readRowsAt(handle, 3, 10)).toBeUndefined();
    expect(await readRowsAt(handle, 10 ** 9, 10)).toBeUndefined();
  });

  it.each([
    ['cut off', '1\tWe go.\t\t\n0\tWe go'],
    ['one row short', '1\tWe go.\t\t\n'],
    ['another one in a letter', '1\tWe so.\t\t\n0\tWe goes.\t\t*\n'],
    ['another one in a label', '0\tWe go.\t\t\n0\tWe goes.\t\t*\n'],
    ['no rows', 'A secret sentence.\n'],
  ])('refuses a file that is %s, and does not tell what it holds', async (_what, text) => {
    const stored = ['1\tWe go.\n', '0\tWe goes.\n'].join('');
    const contentHash = createHash('sha256').update(stored).digest('hex');
    const damaged = path.join(folder, 'damaged.tsv');
    writeFileSync(damaged, text);
    const error = await all({ id: 'ds_1', path: damaged, contentHash }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DamagedError);
    expect((error as Error).message).not.toMatch(/secret|We /);
    expect((error as Error).message).toContain('DELETE /datasets/ds_1');
  });
});
