import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { formatRow, readRows, readRowsAt, type StoredRow } from './rows-file.js';

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
  afterAll(() => rmSync(folder, { recursive: true }));

  it('gives back what was written', async () => {
    const read: StoredRow[] = [];
    for await (const row of readRows(file)) read.push(row);
    expect(read).toEqual(rows);
  });

  it('gives the same page by page', async () => {
    const read: StoredRow[] = [];
    for (let offset: number | null = 0; offset !== null;) {
      const page = await readRowsAt(file, offset, 77);
      expect(page!.rows.length).toBeLessThanOrEqual(77);
      read.push(...page!.rows);
      offset = page!.nextOffset;
    }
    expect(read).toEqual(rows);
  });

  it('knows where no row begins', async () => {
    expect(await readRowsAt(file, 3, 10)).toBeUndefined();
    expect(await readRowsAt(file, 10 ** 9, 10)).toBeUndefined();
  });

  it('does not take a cut file for a whole one', async () => {
    const cut = path.join(folder, 'cut.tsv');
    writeFileSync(cut, '1\tWe go.\t\t\n0\tWe go');
    await expect(async () => {
      for await (const _row of readRows(cut));
    }).rejects.toThrow('does not end');
  });
});
