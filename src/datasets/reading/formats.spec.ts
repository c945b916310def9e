import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../../test/support/fuzz.js';
import { InvalidInputError } from '../../common/errors.js';
import { fileFormatOf, type FileFormat } from './file-format.js';
import { RowParser, type LabelledRow } from './row-parser.js';

function parse(format: FileFormat, content: string | Uint8Array, chunkSize = 1 << 16) {
  const rows: LabelledRow[] = [];
  const parser = new RowParser(format, (row) => rows.push(row));
  const bytes = Buffer.from(content as Uint8Array);
  for (let i = 0; i < bytes.length; i += chunkSize) parser.push(bytes.subarray(i, i + chunkSize));
  const { layout } = parser.end();
  return { rows, layout };
}

function refusal(format: FileFormat, content: string | Uint8Array, chunkSize?: number): InvalidInputError {
  try {
    parse(format, content, chunkSize);
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error('The file was taken');
}

const sentences = (format: FileFormat, content: string) =>
  parse(format, content).rows.map(({ sentence }) => sentence);

interface Plain {
  sentence: string;
  label: 0 | 1;
  source: string;
}

const csvField = (text: string, always: boolean) =>
  always || /["\n\r,;\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

describe('files of rows', () => {
  it('hold the same whatever their format, delimiter, quoting, line ends and chunks', () => {
    const unit = fc.constantFrom('a', ' ', '"', '""', 'é', '語', '😀', '\\', "'", ',', ';', '{', '&');
    const text = fc.string({ unit, minLength: 1, maxLength: 12 }).filter((value) => value.trim() !== '');
    const row = fc.record({ sentence: text, label: fc.constantFrom<0 | 1>(0, 1), source: text });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 12 }),
        fc.record({
          delimiter: fc.constantFrom(',', ';', '\t'),
          lineEnd: fc.constantFrom('\n', '\r\n'),
          bom: fc.constantFrom('', '\ufeff'),
          isEnded: fc.boolean(),
          isQuoted: fc.boolean(),
          chunkSize: fc.integer({ min: 1, max: 60 }),
        }),
        (rows: Plain[], { delimiter, lineEnd, bom, isEnded, isQuoted, chunkSize }) => {
          const write = (lines: string[]) => bom + lines.join(lineEnd) + (isEnded ? lineEnd : '');
          const table = rows.map(({ sentence, label, source }) => [sentence, String(label), source]);
          const header = ['sentence', 'label', 'source'];
          const files: Record<FileFormat, string> = {
            tsv: write([header, ...table].map((fields) => fields.join('\t'))),
            csv: write(
              [header, ...table].map((all) => all.map((one) => csvField(one, isQuoted)).join(delimiter)),
            ),
            jsonl: write(
              rows.map((one, i) => JSON.stringify(i % 2 ? one : { ...one, label: String(one.label) })),
            ),
          };
          for (const format of ['tsv', 'csv', 'jsonl'] as const) {
            const read = parse(format, files[format], chunkSize);
            const headers = format === 'jsonl' ? 0 : 1;
            expect(read.layout).toBe('header');
            expect(read.rows).toEqual(
              rows.map((one, i) => ({ ...one, line: i + 1 + headers, mark: '', hadBreaks: false })),
            );
          }
        },
      ),
      fuzzed(200),
    );
  });

  it.each(['csv', 'jsonl'] as const)('of %s are read or refused whatever bytes they hold', (format) => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(
          'sentence,label\n',
          'We go.,1\n',
          '"We go.",0\n',
          '"',
          '""',
          ',',
          '\n',
          '\r\n',
          '{"sentence": "We go.", "label": 1}\n',
          '{"label": 0, "sentence": 7}\n',
          '[1]\n',
          'null\n',
          '{"__proto__": 1}\n',
        )
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.integer({ min: 1, max: 30 }),
        (pieces, chunkSize) => {
          try {
            expect(parse(format, Buffer.concat(pieces), chunkSize).rows.length).toBeGreaterThan(0);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidInputError);
          }
        },
      ),
      fuzzed(1000),
    );
  });
});

describe('CSV', () => {
  it.each([
    ['CoLA’s columns', 'own,1,*,We go.\n', 'cola'],
    ['label first', '1,We go.\n', 'label-sentence'],
    ['semicolons, as the header says', 'sentence;label\nWe go.;1\n', 'header'],
    ['semicolons beside commas', 'We go.;1\n"One, two; three.";0\n', 'sentence-label'],
    ['commas beside semicolons', 'own,1,,We go.\nown,0,,"a;b;c;d"\n', 'cola'],
    ['tabs', 'sentence\tlabel\n"We go."\t1\n', 'header'],
    ['quoted labels', '"sentence","label"\n"We go.","1"\n', 'header'],
  ])('may have %s', (_name, content, layout) => {
    const read = parse('csv', content);
    expect(read.layout).toBe(layout);
    expect(read.rows[0]).toMatchObject({ sentence: 'We go.', label: 1 });
  });

  it('is what pandas makes of a table, with tabs too', () => {
    expect(sentences('csv', 'sentence\tlabel\n"He said ""go""."\t1\nHe said went.\t0\n')).toEqual([
      'He said "go".',
      'He said went.',
    ]);
  });

  it('counts lines where a field has line breaks, which become spaces', () => {
    const { rows } = parse('csv', 'sentence,label\r\n"We\r\ngo.",1\r\nThey go.,0\r\n"a\tb\n",1\r\n');
    expect(rows.map(({ line, sentence, hadBreaks }) => [line, sentence, hadBreaks])).toEqual([
      [2, 'We go.', true],
      [4, 'They go.', false],
      [5, 'a b', true],
    ]);
  });

  it.each([
    ['quote marks within a field', 'sentence,label\nWe go.,1\nA "pipe",1\n', 3, /double each/],
    ['a single quote mark within a field', 'sentence,label\nWe go.,1\n5" pipe,1\n', 3, /is part of the text/],
    ['text after a quoted field', 'sentence,label\n"We go".,1\nWe.,0\n', 2, /double each/],
    ['a quote mark that does not close', 'sentence,label\nWe go.,1\n"We.,0\nThey.,1\n', 3, /is not closed/],
    ['a comma too many', 'sentence,label\nWe, too, go.,1\n', 2, /between quote marks/],
    ['a column too few', 'sentence,label\nWe go.\n', 2, /needs its delimiter/],
    ['a wrong label', 'sentence,label\n"We\ngo.",1\nWe.,2\n', 4, /The label is "2"/],
    ['a blank line inside', 'sentence,label\nWe go.,1\n\nWe.,0\n', 3, /is blank/],
    ['no header and no label', 'We go.,yes\n', 1, /Neither column/],
  ])('is refused for %s', (_name, content, line, message) => {
    for (const chunkSize of [1, 1000]) {
      const { errors } = refusal('csv', content, chunkSize);
      expect(errors[0]!.line).toBe(line);
      expect(errors[0]!.message).toMatch(message);
    }
  });

  it('is told of row by row up to what is no CSV', () => {
    const { errors, errorCount } = refusal('csv', 'sentence,label\nWe go.,2\n"a"b,1\nWe.,3\n');
    expect(errorCount).toBe(2);
    expect(errors.map(({ line, column }) => [line, column])).toEqual([
      [2, 2],
      [3, undefined],
    ]);
  });

  it('gives a record up that does not end, long before the end of the file', () => {
    const endless = Buffer.from(`sentence,label\nWe go.,1\n"${'We go, too.\n'.repeat(400_000)}`);
    const { errors, errorCount } = refusal('csv', endless);
    expect(errorCount).toBe(1);
    expect(errors[0]).toMatchObject({
      line: 3,
      message: expect.stringContaining('within 65536 characters') as string,
    });
  });

  it('has no lost letters: bytes that are no UTF-8 are refused, each with its line', () => {
    const bytes = Buffer.from('sentence,label\nNa\u00efve.,1\n"We\ngo.",1\nCaf\u00e9.,0\n', 'latin1');
    for (const chunkSize of [1, 1000]) {
      const { errors } = refusal('csv', bytes, chunkSize);
      expect(errors.map(({ line, column }) => [line, column])).toEqual([
        [2, undefined],
        [5, undefined],
      ]);
      expect(errors[0]!.message).toContain('0xef');
    }
  });
});

describe('JSON lines', () => {
  it('take labels as numbers and texts, names of columns as tables have them, and other fields', () => {
    const { rows, layout } = parse(
      'jsonl',
      '{"sentence":"We go.","label":1}\n{"Label":"0","source_code":"own","original_mark":"*","id":7,"SENTENCE":"We goes."}\n' +
        '{"label":1,"sentence":"They\\ngo.","source":null}\n\n',
    );
    expect(layout).toBe('header');
    expect(rows).toEqual([
      { line: 1, label: 1, sentence: 'We go.', source: '', mark: '', hadBreaks: false },
      { line: 2, label: 0, sentence: 'We goes.', source: 'own', mark: '*', hadBreaks: false },
      { line: 3, label: 1, sentence: 'They go.', source: '', mark: '', hadBreaks: true },
    ]);
  });

  const fine = '{"sentence": "We go.", "label": 1}\n';
  it.each([
    ['no label', '{"sentence": "We."}', { field: 'label' }, /has no label/],
    ['a label that is none', '{"sentence": "We.", "label": 2}', { field: 'label' }, /The label is "2"/],
    ['a boolean label', '{"sentence": "We.", "label": true}', { field: 'label' }, /is a boolean\. Write 1/],
    ['a sentence that is a number', '{"sentence": 7, "label": 1}', { field: 'sentence' }, /is a number/],
    ['no sentence', '{"text": "We.", "label": 1}', { field: 'sentence' }, /has no sentence/],
    ['an empty sentence', '{"sentence": " ", "label": 1}', { field: 'sentence' }, /must not be empty/],
    [
      'half of a character',
      '{"sentence": "We \\ud83d.", "label": 1}',
      { field: 'sentence' },
      /surrogate pair/,
    ],
    [
      'half of a character in the source',
      '{"sentence": "a", "label": 1, "source": "\\udc00"}',
      { field: 'source' },
      /surrogate/,
    ],
    [
      'a source that no number holds',
      '{"sentence": "a", "label": 1, "source": 9007199254740993}',
      { field: 'source' },
      /is a number\. Write it as a text/,
    ],
    [
      'a mark that is an object',
      '{"sentence": "a", "label": 1, "mark": {}}',
      { field: 'mark' },
      /is an object/,
    ],
    ['two sentences', '{"sentence": "a", "Sentence": "b", "label": 1}', { field: 'sentence' }, /twice/],
    ['a list', '[1, "We."]', {}, /is a list/],
    ['broken JSON', '{"sentence": "We."', {}, /no valid JSON/],
    ['a blank line inside', '\n{"sentence": "We.", "label": 1}', {}, /is blank/],
    ['a BOM where files were joined', '\ufeff{"sentence": "We.", "label": 1}', {}, /byte-order mark/],
  ])('are refused for %s', (_name, line, place, message) => {
    const { errors } = refusal('jsonl', fine + line);
    expect(errors).toMatchObject([{ line: 2, ...place }]);
    expect(errors[0]!.message).toMatch(message);
    expect(errors[0]!.column).toBeUndefined();
  });
});

describe('TSV that is something else', () => {
  it.each([
    ['CSV', 'sentence,label\nWe go.,1\n', /-F format=csv/],
    ['quoted columns', '"sentence"\t"label"\n"We go."\t"1"\n', /-F format=csv/],
    ['a quoted tab', '"We\tgo."\t1\n', /columns/],
    ['JSON lines', '{"sentence": "We go.", "label": 1}\n', /-F format=jsonl/],
  ])('says what to do about %s', (_name, content, advice) => {
    expect(refusal('tsv', content).errors[0]!.message).toMatch(advice);
  });

  it('says that it may be quoted where the columns do not add up', () => {
    const { errors } = refusal('tsv', 'sentence\tlabel\nWe go.\t1\n"We\tgo."\t0\n');
    expect(errors[0]).toMatchObject({
      line: 3,
      message: expect.stringMatching(/pandas.*-F format=csv/) as string,
    });
  });

  it('shows what could not be seen', () => {
    const { errors } = refusal('tsv', '1\tWe go.\n\ufeff1\tThey go.\n');
    expect(errors[0]!.message).toBe(
      'The label is "\\ufeff1". A byte-order mark (U+FEFF) comes before it, as where files were joined. Write 1 (acceptable) or 0 (unacceptable).',
    );
  });
});

describe('fileFormatOf', () => {
  it.each([
    [{}, 'tsv'],
    [{ fileName: 'a.csv' }, 'csv'],
    [{ fileName: 'A.CSV', contentType: 'application/vnd.ms-excel' }, 'csv'],
    [{ fileName: 'a.ndjson', contentType: 'application/octet-stream' }, 'jsonl'],
    [{ fileName: 'a.jsonl' }, 'jsonl'],
    [{ fileName: 'a.json' }, 'jsonl'],
    [{ fileName: 'a.txt', contentType: 'text/plain' }, 'tsv'],
    [{ fileName: 'a.txt', contentType: 'text/csv; charset=utf-8' }, 'csv'],
    [{ fileName: 'a.csv', contentType: 'text/tab-separated-values' }, 'tsv'],
    [{ fileName: 'a.tsv', contentType: 'text/csv', format: 'jsonl' }, 'jsonl'],
    [{ fileName: 'a.csv', format: '' }, 'csv'],
  ])('%j is %s', (file, format) => {
    expect(fileFormatOf(file)).toBe(format);
  });

  it('refuses a format that is none', () => {
    expect(() => fileFormatOf({ format: 'xlsx' })).toThrow(/must be one of tsv, csv, jsonl, not "xlsx"/);
  });
});
