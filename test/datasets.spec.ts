import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto, DatasetPageDto, RowPageDto } from '../packages/client/src/index.js';
import { formOf, problemOf } from './support/http.js';
import { namesIn, removeFolders, startService, type Service } from './support/service.js';

const COLA = [
  'own1\t1\t\tThe cat sat on the mat.',
  'own1\t0\t*\tThe cat sat mat the on.',
  'own2\t1\t\tShe said "no" and "never again.',
  'own2\t1\t\tNaïve 😀 readers read.',
].join('\n');

const LIMIT = 200_000;

describe('datasets', () => {
  let service: Service;
  let url: string;
  beforeAll(async () => {
    service = await startService(undefined, { WELLFORMED_MAX_UPLOAD_BYTES: String(LIMIT) });
    url = await service.app.getUrl();
  });
  afterAll(async () => {
    await service.stop();
    removeFolders();
  });

  const post = (body: FormData) => fetch(`${url}/datasets`, { method: 'POST', body });
  const upload = async (
    content: string | Uint8Array,
    fields: Record<string, string> = {},
  ): Promise<DatasetDto> => {
    const response = await post(formOf(content, fields));
    expect(response.status).toBe(201);
    return (await response.json()) as DatasetDto;
  };
  const get = async <T>(route: string) => (await (await fetch(url + route)).json()) as T;
  const stored = () => ({
    datasets: namesIn(service, 'datasets'),
    staging: readdirSync(path.join(service.folder, 'staging')),
  });

  it('stores a file in the form of CoLA, quote signs and all', async () => {
    const response = await post(formOf(COLA, {}, 'C:\\own\\first.tsv'));
    const dataset = (await response.json()) as DatasetDto;
    expect(response.headers.get('location')).toBe(`/datasets/${dataset.id}`);
    expect(dataset).toMatchObject({
      name: 'first',
      originalFileName: 'first.tsv',
      rows: 4,
      acceptable: 3,
      unacceptable: 1,
      bytes: Buffer.byteLength(COLA),
      warnings: [],
      statistics: {
        format: 'cola',
        words: {
          min: 4,
          mean: 5.5,
          median: 6,
          p95: 6,
          max: 6,
          bins: [
            { from: 4, to: 4, rows: 1 },
            { from: 5, to: 5, rows: 0 },
            { from: 6, to: 6, rows: 3 },
          ],
        },
        characters: { min: 21, max: 31 },
      },
    });
    expect(await get(`/datasets/${dataset.id}`)).toEqual(dataset);
    const { items, nextCursor } = await get<RowPageDto>(`/datasets/${dataset.id}/rows`);
    expect(nextCursor).toBeNull();
    expect(items[1]).toEqual({
      row: 2,
      label: 0,
      sentence: 'The cat sat mat the on.',
      source: 'own1',
      mark: '*',
    });
    expect(items[2]!.sentence).toBe('She said "no" and "never again.');
    expect(items[3]!.sentence).toBe('Naïve 😀 readers read.');
  });

  it('knows the same rows by their content hash, however they were written', async () => {
    const sets = await Promise.all([
      upload(COLA),
      upload(`\uFEFF${COLA.replaceAll('\n', '\r\n')}\r\n`),
      upload(`label\tother\tsentence\n${COLA.replaceAll(/^(\w+)\t(.)\t.?\t/gm, '$2\t$1\t')}\n`),
      upload(COLA.replaceAll(/^\w+\t(.)\t.?\t(.*)$/gm, '$2\t$1')),
      upload(COLA.replaceAll(/^\w+\t(.)\t.?\t(.*)$/gm, '$1\t$2')),
    ]);
    const rows = COLA.split('\n').map((line) => line.split('\t'));
    const hash = createHash('sha256').update(
      rows.map(([, label, , sentence]) => `${label}\t${sentence}\n`).join(''),
    );
    expect(new Set(sets.map(({ contentHash }) => contentHash))).toEqual(new Set([hash.digest('hex')]));
    expect(sets.map(({ statistics }) => statistics.format)).toEqual([
      'cola',
      'cola',
      'header',
      'sentence-label',
      'label-sentence',
    ]);
  });

  it('takes the name before or after the file', async () => {
    const before = new FormData();
    before.set('name', 'a name');
    before.set('file', new Blob([COLA]), 'x.tsv');
    expect(((await (await post(before)).json()) as DatasetDto).name).toBe('a name');
    expect((await upload(COLA, { name: 'another' })).name).toBe('another');
  });

  it('stores what is odd, and says so with line numbers', async () => {
    const { warnings } = await upload(
      [
        '1\tWe go.',
        '1\tThey go.',
        '1\tWe go.',
        '0\tThey go.',
        '0\tThey go.',
        `1\t${'very '.repeat(120)}long.`,
      ].join('\n'),
    );
    expect(warnings.map(({ kind, count, lines }) => ({ kind, count, lines }))).toEqual([
      { kind: 'conflicting-labels', count: 1, lines: [4] },
      { kind: 'duplicate-sentences', count: 2, lines: [3, 5] },
      { kind: 'long-sentences', count: 1, lines: [6] },
    ]);
    const single = await upload('1\tWe go.\n1\tThey go.\n');
    expect(single.warnings).toMatchObject([{ kind: 'missing-class', count: 2 }]);
    const skewed = await upload(
      `0\tWe goes.\n${Array.from({ length: 30 }, (_, i) => `1\tWe saw ${i}.\n`).join('')}`,
    );
    expect(skewed.warnings).toMatchObject([{ kind: 'skewed-classes', count: 1 }]);
  });

  it('refuses a file with wrong rows, lists the first hundred, and stores nothing', async () => {
    const before = stored();
    const rows = Array.from({ length: 150 }, (_, i) => `own\t${i % 3}\t\tSentence ${i}.`);
    const problem = await problemOf(await post(formOf([...rows, 'own\t1\t\t ', 'own\t1\t'].join('\n'))), 422);
    expect(problem.errorCount).toBe(52);
    expect(problem.errors).toHaveLength(52);
    expect(problem.errors![0]).toEqual({
      line: 3,
      column: 2,
      message: 'The label is "2". Write 1 (acceptable) or 0 (unacceptable).',
    });
    expect(problem.errors!.slice(-2)).toMatchObject([
      { line: 151, column: 4 },
      { line: 152, column: 4 },
    ]);
    const many = await problemOf(await post(formOf(`own\t1\t\tFine.\n${'x\n'.repeat(5000)}`)), 422);
    expect([many.errorCount, many.errors!.length]).toEqual([5000, 100]);
    expect(stored()).toEqual(before);
  });

  it.each([
    ['an empty file', '', 'The file is empty'],
    ['blank lines alone', '\n\r\n\n', 'The file is empty'],
    ['a header alone', 'sentence\tlabel\n', 'no row after it'],
    ['zeros and other bytes', new Uint8Array([1, 2, 3, 0, 4]), 'is binary'],
    ['an Excel workbook', new Uint8Array([0x50, 0x4b, 3, 4, 0, 0]), 'Excel workbook'],
    ['UTF-16', new Uint8Array(Buffer.from('\uFEFF1\tWe go.', 'utf16le')), 'UTF-16'],
    ['commas', 'sentence,label\nWe go.,1\n', 'name the file .csv'],
    ['another encoding', new Uint8Array(Buffer.from('1\tNaïve.\n', 'latin1')), 'Save the file as UTF-8'],
  ])('refuses %s', async (_name, content, message) => {
    const before = stored();
    const problem = await problemOf(await post(formOf(content)), 422);
    expect(problem.detail).toContain(message);
    expect(stored()).toEqual(before);
  });

  it('refuses sentences of which nothing is left, with line and column', async () => {
    const before = stored();
    const rows = ['\u200b', '\u00ad', '\ufffd', '\u0301', '\ue000'].map((text) => `own\t1\t\t${text}`);
    const problem = await problemOf(await post(formOf(['own\t1\t\tFine\u00ad.', ...rows].join('\n'))), 422);
    expect(problem.errors).toMatchObject(
      rows.map((_row, i) => ({
        line: i + 2,
        column: 4,
        message: expect.stringContaining('must be more than U+') as string,
      })),
    );
    expect(stored()).toEqual(before);
  });

  it('refuses forms that are not what they should be, and stores nothing', async () => {
    const before = stored();
    const two = formOf(COLA);
    two.append('file', new Blob([COLA]), 'again.tsv');
    expect((await problemOf(await post(two), 422)).errors).toMatchObject([{ pointer: '#/file' }]);
    const text = new FormData();
    text.set('file', 'set.tsv');
    expect((await problemOf(await post(text), 422)).detail).toContain('mind the @');
    const other = formOf(COLA);
    other.set('more', new Blob([COLA]), 'more.tsv');
    expect((await problemOf(await post(other), 422)).errors).toMatchObject([{ pointer: '#/more' }]);
    const empty = new FormData();
    empty.set('name', 'x');
    expect((await problemOf(await post(empty), 422)).errors).toMatchObject([{ pointer: '#/file' }]);
    const field = await problemOf(await post(formOf(COLA, { nam: 'x' })), 422);
    expect(field.errors).toEqual([
      { pointer: '#/nam', message: 'nam is not a known field. Did you mean name?' },
    ]);
    expect((await problemOf(await post(formOf(COLA, { name: 'x'.repeat(201) })), 422)).errors).toMatchObject([
      { pointer: '#/name' },
    ]);
    expect(stored()).toEqual(before);
  });

  it('refuses a file over the limit, and stores nothing', async () => {
    const before = stored();
    // Within the length that the whole form may have, then beyond it.
    for (const size of [LIMIT + 1, LIMIT + 2_000_000]) {
      const rows = '1\tWe go.\n'.repeat(Math.ceil(size / 9));
      const problem = await problemOf(await post(formOf(rows)), 413);
      expect(problem.detail).toContain('WELLFORMED_MAX_UPLOAD_BYTES');
    }
    expect(stored()).toEqual(before);
    expect((await upload('1\tWe go.\n'.repeat(Math.floor(LIMIT / 9)))).rows).toBe(Math.floor(LIMIT / 9));
  });

  it('leaves nothing of an upload that breaks off', async () => {
    const before = stored();
    const broken = request(`${url}/datasets`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b', 'content-length': '100000' },
    });
    const closed = new Promise((resolve) => broken.on('error', () => undefined).on('close', resolve));
    broken.write(
      '--b\r\ncontent-disposition: form-data; name="file"; filename="x.tsv"\r\ncontent-type: text/plain\r\n\r\n1\tWe go.\n',
    );
    while (stored().staging.length === 0) await sleep(10);
    broken.destroy();
    await closed;
    while (stored().staging.length > 0) await sleep(10);
    expect(stored()).toEqual(before);
  });

  it('lists datasets newest first, page by page', async () => {
    for (let count = 0; count < 4; count++) await upload('1\tWe go.\n');
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const page: DatasetPageDto = await get(`/datasets?limit=3${cursor ? `&cursor=${cursor}` : ''}`);
      expect(page.items.length).toBeLessThanOrEqual(3);
      ids.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor);
    expect(ids).toEqual(stored().datasets.reverse());
  });

  it('gives rows page by page, whatever their length', async () => {
    const rows = Array.from(
      { length: 57 },
      (_, i) => `${i % 2}\tSentence ${i}${' long'.repeat(i % 7 === 0 ? 3000 : 0)}.`,
    );
    const { id } = await upload(rows.join('\n'));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: RowPageDto = await get(`/datasets/${id}/rows?limit=10${cursor ? `&cursor=${cursor}` : ''}`);
      expect(page.items[0]!.row).toBe(seen.length + 1);
      seen.push(...page.items.map(({ label, sentence }) => `${label}\t${sentence}`));
      cursor = page.nextCursor;
    } while (cursor);
    expect(seen).toEqual(rows);
  });

  it('gives the rows of a label, or that hold a text, wherever they lie', async () => {
    const rows = Array.from(
      { length: 1500 },
      (_, i) => `s${i % 3}\t${i % 2}\t\tSentence ${i}${i % 400 === 7 ? ' of ÉLAN' : ''}.`,
    );
    const { id } = await upload(rows.join('\n'));
    const numbersOf = async (query: string): Promise<number[]> => {
      const numbers: number[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: RowPageDto = await get(
          `/datasets/${id}/rows?limit=3&${query}${cursor && `&cursor=${cursor}`}`,
        );
        expect(page.items.length).toBeLessThanOrEqual(3);
        numbers.push(...page.items.map(({ row }) => row));
        cursor = page.nextCursor;
      }
      return numbers;
    };
    expect(await numbersOf(`search=${encodeURIComponent('of e\u0301lan')}`)).toEqual([8, 408, 808, 1208]);
    expect(await numbersOf('label=0&search=sentence%2014')).toEqual(
      rows.flatMap((row, i) => (i % 2 === 0 && row.includes('Sentence 14') ? [i + 1] : [])),
    );
    expect(await numbersOf('search=S2')).toHaveLength(500);
    expect(await numbersOf('search=nothing')).toEqual([]);
    await problemOf(await fetch(`${url}/datasets/${id}/rows?label=2`), 422);
  });

  it('refuses a cursor that is not its own', async () => {
    const { id } = await upload(COLA);
    for (const cursor of [
      'x',
      Buffer.from('2:3').toString('base64url'),
      Buffer.from('2:99999').toString('base64url'),
    ]) {
      const problem = await problemOf(await fetch(`${url}/datasets/${id}/rows?cursor=${cursor}`), 422);
      expect(problem.errors).toMatchObject([{ parameter: 'cursor' }]);
    }
  });

  it('deletes a dataset with its files, but none that a run uses', async () => {
    const { id } = await upload(COLA);
    const dataSource = service.app.get(DataSource);
    await dataSource.query(
      `INSERT INTO runs (id, status, dataset_id, base_model, hyperparameters, promote, epochs, created_at)
       VALUES ('run_01', 'queued', '${id}', 'b', '{}', 'auto', '[]', '2025-11-23T10:20:30.456Z')`,
    );
    const refused = await problemOf(await fetch(`${url}/datasets/${id}`, { method: 'DELETE' }), 409);
    expect(refused.detail).toContain('run_01');
    expect(stored().datasets).toContain(id);

    await dataSource.query('DELETE FROM runs');
    const deleted = await fetch(`${url}/datasets/${id}`, { method: 'DELETE' });
    expect([deleted.status, await deleted.text()]).toEqual([204, '']);
    expect(stored().datasets).not.toContain(id);
    await problemOf(await fetch(`${url}/datasets/${id}`), 404);
    await problemOf(await fetch(`${url}/datasets/${id}/rows`), 404);
    await problemOf(await fetch(`${url}/datasets/${id}`, { method: 'DELETE' }), 404);
  });

  it('keeps rows and a manifest with their sums', async () => {
    const { id } = await upload(COLA);
    const folder = path.join(service.folder, 'datasets', id);
    const rows = readFileSync(path.join(folder, 'rows.tsv'));
    expect(JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8'))).toEqual({
      files: [
        { name: 'rows.tsv', size: rows.length, sha256: createHash('sha256').update(rows).digest('hex') },
      ],
    });
  });
});
