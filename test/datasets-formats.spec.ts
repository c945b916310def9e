import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto, DatasetWarningDto, RowPageDto } from '../packages/client/src/index.js';
import { formOf, problemOf } from './support/http.js';
import { namesIn, removeFolders, startService, type Service } from './support/service.js';

const ROWS = [
  ['The cat, I think, sat.', '1', 'own1'],
  ['She said "go".', '1', 'own1'],
  ['Cat the sat; mat the.', '0', 'own2'],
  ['Naïve 😀 readers read.', '1', 'own2'],
] as const;

const HEADER = ['sentence', 'label', 'source'];

const table = (delimiter: string, field: (text: string) => string) =>
  [HEADER, ...ROWS].map((fields) => fields.map(field).join(delimiter)).join('\r\n');
const quotedField = (text: string) => (/[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const TSV = table('\t', (text) => text);
const CSV = table(',', quotedField);
const JSON_LINES = ROWS.map(([sentence, label, source]) =>
  JSON.stringify({ sentence, label: Number(label), source }),
).join('\n');

describe('formats and reports of datasets', () => {
  let service: Service;
  let url: string;
  beforeAll(async () => {
    service = await startService();
    url = await service.app.getUrl();
  });
  afterAll(async () => {
    await service.stop();
    removeFolders();
  });

  const post = (body: FormData) => fetch(`${url}/datasets`, { method: 'POST', body });
  const stored = async (response: Response): Promise<DatasetDto> => {
    const text = await response.text();
    expect([response.status, text]).toEqual([201, text]);
    return JSON.parse(text) as DatasetDto;
  };
  const upload = async (content: string, fileName = 'set.tsv') =>
    stored(await post(formOf(content, {}, fileName)));
  const rowsOf = async ({ id }: DatasetDto) =>
    ((await (await fetch(`${url}/datasets/${id}/rows`)).json()) as RowPageDto).items;
  const formWith = (content: string, type: string, fileName = 'set') => {
    const form = new FormData();
    form.set('file', new Blob([content], { type }), fileName);
    return form;
  };
  const lines = ({ warnings }: { warnings: DatasetWarningDto[] }) =>
    Object.fromEntries(warnings.map(({ kind, lines: found }) => [kind, found]));

  it('takes the same rows as TSV, CSV and JSON lines, by name, by type or as asked', async () => {
    const asked = new FormData();
    asked.set('format', 'csv');
    asked.set('file', new Blob([CSV]), 'set.tsv');
    const sets = await Promise.all([
      upload(TSV),
      upload(CSV, 'Set.CSV'),
      upload(JSON_LINES, 'set.jsonl'),
      upload(JSON_LINES, 'set.ndjson'),
      stored(await post(formWith(CSV, 'text/csv'))),
      stored(await post(formWith(table(';', quotedField), 'text/csv; charset=utf-8'))),
      stored(await post(formWith(JSON_LINES, 'application/x-ndjson'))),
      stored(await post(asked)),
    ]);
    expect(sets.map(({ statistics }) => statistics.fileFormat)).toEqual([
      'tsv',
      'csv',
      'jsonl',
      'jsonl',
      'csv',
      'csv',
      'jsonl',
      'csv',
    ]);
    expect(new Set(sets.map(({ contentHash }) => contentHash)).size).toBe(1);
    const [first, ...others] = await Promise.all(sets.map(rowsOf));
    expect(first!.map(({ sentence, label, source }) => [sentence, String(label), source])).toEqual(ROWS);
    for (const rows of others) expect(rows).toEqual(first);
    for (const { warnings, statistics } of sets) {
      expect([warnings, statistics.format, statistics.words]).toEqual([
        [],
        'header',
        sets[0]!.statistics.words,
      ]);
    }
  });

  it('tells a format that comes after the file, or is none', async () => {
    const before = namesIn(service, 'datasets');
    const fileFirst = formOf(TSV);
    fileFirst.set('format', 'csv');
    const late = await problemOf(await post(fileFirst), 422);
    expect(late).toMatchObject({ errors: [{ pointer: '#/format' }] });
    expect(late.detail).toContain('format must come before the files');
    const none = new FormData();
    none.set('format', 'xlsx');
    none.set('file', new Blob([TSV]), 'set.tsv');
    expect((await problemOf(await post(none), 422)).detail).toContain('must be one of tsv, csv, jsonl');
    expect(namesIn(service, 'datasets')).toEqual(before);
  });

  it('lists what is wrong with CSV and JSON lines by line, column or field', async () => {
    const csv = await problemOf(await post(formOf('sentence,label\n"We\ngo.",1\nWe.,x\n', {}, 'a.csv')), 422);
    expect(csv.errors).toMatchObject([{ line: 4, column: 2 }]);
    const json = await problemOf(
      await post(formOf('{"sentence":"We.","label":3}\n{"sentence":7,"label":1}\n{', {}, 'a.jsonl')),
      422,
    );
    expect(json.errors).toMatchObject([
      { line: 1, field: 'label' },
      { line: 2, field: 'sentence' },
      { line: 3 },
    ]);
  });

  it('warns of TSV that is quoted as pandas quotes, and takes it as CSV with tabs', async () => {
    const quoted = 'sentence\tlabel\n"He said ""go""."\t1\nHe said went.\t0\n"Go home."\t1\n';
    const asTsv = await upload(quoted);
    expect((await rowsOf(asTsv)).map(({ sentence }) => sentence)).toEqual([
      '"He said ""go""."',
      'He said went.',
      '"Go home."',
    ]);
    expect(asTsv.warnings).toMatchObject([{ kind: 'quoted-fields', count: 1, lines: [2] }]);
    expect(asTsv.warnings[0]!.message).toContain('-F format=csv before -F file=@');
    const form = new FormData();
    form.set('format', 'csv');
    form.set('file', new Blob([quoted]), 'set.tsv');
    const asCsv = await stored(await post(form));
    expect((await rowsOf(asCsv)).map(({ sentence }) => sentence)).toEqual([
      'He said "go".',
      'He said went.',
      'Go home.',
    ]);
    expect(asCsv.warnings).toEqual([]);
    const all = await upload('"We go."\t1\n"We goes."\t0\n"They go."\t1\n');
    expect(all.warnings).toMatchObject([{ kind: 'quoted-fields', count: 3 }]);
    expect((await upload('"Go," he said.\t1\n"Go home."\t0\nShe said "no" and "yes"\t1\n')).warnings).toEqual(
      [],
    );
  });

  it('warns of what cannot be seen, of near duplicates and of damaged text, with line numbers', async () => {
    const set = await upload(
      [
        'We go home.\t1',
        '\ufeffWe go home.\t1',
        'we go HOME.\t0',
        'The cafe\u0301 closed.\t1',
        'The caf\u00e9 closed.\t1',
        'The \u200bcat sat.\t1',
        'Salt &amp; pepper came.\t0',
        'The caf\ufffd opened.\t1',
      ].join('\n'),
    );
    expect(lines(set)).toEqual({
      'near-duplicates': [2, 3, 5],
      'byte-order-marks': [2],
      'invisible-characters': [6],
      'damaged-characters': [8],
      'html-entities': [7],
    });
    expect((await rowsOf(set))[1]!.sentence).toBe('\ufeffWe go home.');
    const shown = (await (await fetch(`${url}/datasets/${set.id}`)).json()) as DatasetDto;
    expect(shown.warnings).toEqual(set.warnings);

    const many = await upload(
      Array.from({ length: 40 }, (_, i) => `${i % 2}\tSalt &amp; ${i} came.`).join('\n'),
    );
    expect(many.warnings).toMatchObject([
      { kind: 'html-entities', count: 40, lines: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
    ]);
  });

  it('warns of a language that is plainly not English', async () => {
    const german = [
      'Der Hund schläft auf dem Sofa.',
      'Ich habe das Buch nicht gelesen.',
      'Das ist eine Idee.',
    ];
    const set = await upload(
      Array.from({ length: 12 }, (_, i) => `${i % 2}\t${german[i % 3]!.replace('.', ` ${i}.`)}`).join('\n'),
    );
    expect(set.warnings).toMatchObject([
      { kind: 'other-language', message: expect.stringContaining('German') as string },
    ]);
  });

  it('says that line breaks became spaces', async () => {
    const set = await upload('sentence,label\n"We\ngo.",1\nWe goes.,0\n', 'set.csv');
    expect(set.warnings).toMatchObject([{ kind: 'line-breaks', count: 1, lines: [2] }]);
    expect((await rowsOf(set))[0]!.sentence).toBe('We go.');
  });

  it('takes names by one rule, and cuts those of files between characters', async () => {
    const emoji = '😀';
    const fits = `${'a'.repeat(199)}${emoji}`;
    expect(await upload(TSV, `${fits}.tsv`)).toMatchObject({ name: fits, originalFileName: `${fits}.tsv` });
    expect((await upload(TSV, `${'a'.repeat(198)}👩‍👩‍👧.tsv`)).name).toBe(`${'a'.repeat(198)}…`);
    expect((await upload(TSV, 'a\u202eb\u200bc.tsv')).name).toBe('abc');
    const hidden = await upload(TSV, '\u200b.tsv');
    expect(hidden.name).toBe(hidden.id);
    expect((await stored(await post(formOf(TSV, { name: ' Cafe\u0301 ' })))).name).toBe('Caf\u00e9');
    expect((await stored(await post(formOf(TSV, { name: emoji.repeat(200) })))).name).toBe(emoji.repeat(200));
    for (const name of ['', ' ', '\u200b', 'a\nb', 'a\u001b[2Jb', 'a\u202eb', `${fits}b`]) {
      const problem = await problemOf(await post(formOf(TSV, { name })), 422);
      expect(problem.errors).toMatchObject([{ pointer: '#/name' }]);
      expect(problem.detail).toContain('name must have 1 to 200 characters that can be seen');
    }
  });
});
