import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../../test/support/fuzz.js';
import { InvalidInputError } from '../../common/errors.js';
import { MAX_LINE_BYTES } from '../../common/line-reader.js';
import type { FileFormat } from './file-format.js';
import { RowParser, type LabelledRow } from './row-parser.js';

function parse(content: string | Uint8Array, chunkSize = 1 << 16, format: FileFormat = 'tsv') {
  const rows: LabelledRow[] = [];
  const parser = new RowParser(format, (row) => rows.push(row));
  const bytes = Buffer.from(content as Uint8Array);
  for (let i = 0; i < bytes.length; i += chunkSize) parser.push(bytes.subarray(i, i + chunkSize));
  const { layout, rows: count } = parser.end();
  return { rows, layout, count };
}

function refusal(content: string | Uint8Array, chunkSize?: number, format?: FileFormat): InvalidInputError {
  try {
    parse(content, chunkSize, format);
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error('The file was taken');
}

describe('RowParser, of TSV', () => {
  it.each([
    ['four columns', 'own\t1\t*\tWe go.', { layout: 'cola' }, { source: 'own', mark: '*' }],
    ['a header', 'id\tSentence\tLABEL \n7\tWe go.\t1', { layout: 'header' }, { source: '', mark: '' }],
    [
      'a header with all',
      'source\tlabel\tmark\tsentence\nown\t1\t*\tWe go.',
      { layout: 'header' },
      { source: 'own', mark: '*' },
    ],
    ['label first', '1\tWe go.', { layout: 'label-sentence' }, {}],
    ['sentence first', 'We go.\t1', { layout: 'sentence-label' }, {}],
    ['blank lines at the end', '1\tWe go.\n\n\r\n\n', { layout: 'label-sentence' }, {}],
  ])('reads %s', (_name, content, result, row) => {
    expect(parse(content)).toMatchObject({
      ...result,
      count: 1,
      rows: [{ label: 1, sentence: 'We go.', ...row }],
    });
  });

  it('takes a quote sign for a letter', () => {
    expect(parse('1\t"We go\n0\t"We "goes""\n').rows.map(({ sentence }) => sentence)).toEqual([
      '"We go',
      '"We "goes""',
    ]);
  });

  it('reads the same whatever the chunks, line ends and BOM', () => {
    const letter = fc.constantFrom('a', ' ', '"', 'é', '語', '😀', '\\', "'");
    const sentence = fc
      .string({ unit: letter, minLength: 1, maxLength: 12 })
      .filter((text) => text.trim() !== '');
    const row = fc.record({ label: fc.constantFrom(0, 1), sentence });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.boolean(),
        (rows, chunkSize, lineEnd, bom, lastEnd) => {
          const lines = rows.map(({ label, sentence }) => `own\t${label}\t\t${sentence}`);
          const text = (bom ? '\uFEFF' : '') + lines.join(lineEnd) + (lastEnd ? lineEnd : '');
          const read = parse(text, chunkSize).rows;
          expect(read.map(({ label, sentence }) => ({ label, sentence }))).toEqual(rows);
          expect(read.map(({ line }) => line)).toEqual(rows.map((_row, i) => i + 1));
        },
      ),
      fuzzed(100),
    );
  });

  it('either reads or refuses any bytes, and never breaks', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom('1\tWe go.\n', 'own\t0\t\tWe goes.\n', '\t', '\n', '\r\n', 'sentence\tlabel\n')
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.integer({ min: 1, max: 30 }),
        (pieces, chunkSize) => {
          const bytes = Buffer.concat(pieces);
          try {
            expect(parse(bytes, chunkSize).count).toBeGreaterThan(0);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidInputError);
          }
        },
      ),
      fuzzed(1000),
    );
  });

  it.each([
    ['a wrong label', '1\tWe go.\n2\tWe.\n', { line: 2, column: 1, message: /The label is "2"\. Write 1/ }],
    [
      'a missing column',
      'o\t1\t\tWe go.\no\t1\tWe.\n',
      { line: 2, column: 4, message: /3 column\(s\), not 4/ },
    ],
    [
      'a column too many',
      'o\t1\t\tWe go.\no\t1\t\tWe\tgo.\n',
      { line: 2, column: 5, message: /Remove tabs/ },
    ],
    ['an empty sentence', '1\tWe go.\n0\t \n', { line: 2, column: 2, message: /empty: .* delete the line/ }],
    [
      'a sentence of which nothing is left',
      'own\t1\t\tWe go.\nown\t0\t\t\u00ad\u0301\n',
      { line: 2, column: 4, message: /must be more than U\+00AD \(a format character\) and U\+0301 / },
    ],
    ['a blank line inside', '1\tWe go.\n\n0\tWe.\n', { line: 2, message: /is blank/ }],
    ['no label in two columns', 'We go.\tyes\n', { line: 1, message: /Neither column/ }],
    ['labels only', '1\t0\n', { line: 1, message: /Both columns/ }],
    ['a header without label', 'sentence\tx\nWe.\t1\n', { line: 1, message: /names no column label/ }],
    [
      'a header with two sentences',
      'sentence\tsentence\tlabel\n',
      { line: 1, message: /names 2 columns sentence/ },
    ],
    ['lines ended by CR', '1\tWe go.\r0\tWe.\r1\tThey.', { line: 1, message: /CR alone/ }],
  ])('refuses %s', (_name, content, { message, ...place }) => {
    const { errors } = refusal(content);
    expect(errors[0]).toMatchObject(place);
    expect(errors[0]!.message).toMatch(message);
  });

  it('counts blank lines, and shows the first of them', () => {
    const { errors, errorCount } = refusal(`1\tWe go.\n2\tWe.\n${'\n'.repeat(150)}0\tWe.\n`);
    expect(errorCount).toBe(151);
    expect(errors).toHaveLength(100);
    expect(errors[1]).toMatchObject({ line: 3, message: 'The line is blank. Delete it.' });
    expect(errors[99]).toMatchObject({ line: 101 });
  });

  it.each([
    ['that begins as U+FFFD does', [0xef], 1],
    ['cut off at the end of the line', [0x61, 0xe2, 0x82], 2],
    ['cut off before a letter', [0x61, 0xef, 0x62], 2],
  ])('tells where a character starts %s', (_name, bytes, byte) => {
    const { errors } = refusal(Buffer.concat([Buffer.from('1\tWe go.\n0\t'), Buffer.from(bytes)]));
    expect(errors[0]).toMatchObject({ line: 2, column: 2 });
    expect(errors[0]!.message).toContain(`Byte ${2 + byte} of the line`);
    expect(refusal(Buffer.from(bytes)).errors[0]).toMatchObject({ line: 1 });
  });

  it('tells line, column and byte of what is no UTF-8', () => {
    const bytes = Buffer.concat([
      Buffer.from('1\tWé go.\n1\tWe \uFFFD '),
      Buffer.of(0xe9),
      Buffer.from(' go.\n1\tWe.\n'),
    ]);
    for (const chunkSize of [1, 7, 1000]) {
      const { errors, errorCount } = refusal(bytes, chunkSize);
      expect(errorCount).toBe(1);
      expect(errors[0]).toMatchObject({ line: 2, column: 2 });
      expect(errors[0]!.message).toContain('Byte 10 of the line (0xe9)');
    }
  });

  it('passes over a line without end in flat memory, and goes on after it', () => {
    const long = 'x'.repeat(3 * MAX_LINE_BYTES);
    for (const chunkSize of [1000, 1 << 20]) {
      const { errors, errorCount } = refusal(`1\tWe go.\n1\t${long}\n2\tWe.\n1\t${long}`, chunkSize);
      expect(errorCount).toBe(3);
      expect(errors.map(({ line }) => line)).toEqual([2, 3, 4]);
    }
    const fits = 'é'.repeat((MAX_LINE_BYTES - 2) / 2);
    expect(parse(`1\t${fits}\n`).count).toBe(1);
    expect(refusal(`1\t${fits}é\n1\tWe.\n`).errors).toMatchObject([{ line: 1 }]);
  });
});
