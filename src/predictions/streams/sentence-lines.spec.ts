import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_LINE_BYTES } from '../../common/line-reader.js';
import { SentenceLines, type SentenceLine } from './sentence-lines.js';
import { ndjson, tsv, type StreamType } from './stream-types.js';

function read(type: StreamType, content: string | Uint8Array, chunkSizes: readonly number[] = [65_536]) {
  const lines = new SentenceLines(type);
  const bytes = Buffer.from(content as Uint8Array);
  const found: SentenceLine[] = [];
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const end = start + chunkSizes[i % chunkSizes.length]!;
    found.push(...lines.push(bytes.subarray(start, end)));
    start = end;
  }
  return [...found, ...lines.end()];
}

const error = (text: RegExp) => expect.stringMatching(text) as string;

describe('lines of NDJSON', () => {
  it('are strings or objects, with an id or without', () => {
    const content =
      '"A cat."\n{"sentence": "It \\"sat\\"."}\r\n\n  \n{"id": 7, "sentence": "We.", "label": 1}\n{"id":"x","sentence":"Go."}';
    expect(read(ndjson, `\uFEFF${content}`)).toEqual([
      { line: 1, sentence: 'A cat.' },
      { line: 2, sentence: 'It "sat".' },
      { line: 5, id: '7', sentence: 'We.' },
      { line: 6, id: '"x"', sentence: 'Go.' },
    ]);
  });

  it.each([
    [/not valid JSON: line 1, column 1: expected a value/, 'A cat.'],
    [/not valid JSON: line 1, column 23/, '{"sentence": "A cat.",}'],
    [/holds no sentence/, '3'],
    [/holds no sentence/, 'null'],
    [/holds no sentence/, '["A cat."]'],
    [/holds no sentence/, '{"sentense": "A cat."}'],
    [/must not be empty/, '""'],
    [/must be a string/, '{"sentence": 3}'],
    [/must be more than U\+200B/, '"\\u200b"'],
    [/must be whole: U\+D83D/, '{"sentence": "A cat \\ud83d"}'],
    [/holds no sentence/, '{"__proto__": {"sentence": "A cat."}}'],
    [/id must be/, '{"sentence": "A cat.", "id": null}'],
    [/at most 10000 characters/, `"${'x'.repeat(10_001)}"`],
    [/longer than 65536 bytes/, `"${'x'.repeat(3 * MAX_LINE_BYTES)}"`],
  ])('that cannot be judged say why: %s', (message, line) => {
    const content = `"Before."\n${line}\n"After."\n`;
    for (const chunkSize of [1000, 1 << 20]) {
      expect(read(ndjson, content, [chunkSize])).toEqual([
        { line: 1, sentence: 'Before.' },
        { line: 2, error: error(message) },
        { line: 3, sentence: 'After.' },
      ]);
    }
  });

  it('have their id in the letters that came', () => {
    const ids = [
      '9007199254740993',
      '1e400',
      '1.0',
      '-0',
      '"\\u00e9\\ud83d"',
      '0.1000000000000000055511151231257827',
    ];
    const found = read(ndjson, ids.map((id) => `{"id" : ${id} , "sentence": "A cat."}\n`).join(''));
    expect(found).toEqual(ids.map((id, i) => ({ line: i + 1, id, sentence: 'A cat.' })));
  });

  it('keep their id where the sentence is bad', () => {
    expect(read(ndjson, '{"id": 4, "sentence": " "}')).toEqual([{ line: 1, id: '4', error: error(/empty/) }]);
  });

  it('that are no UTF-8 are told of, the first and the last too', () => {
    const bad = Buffer.of(0x22, 0xe9, 0x22, 0x0a);
    expect(read(ndjson, Buffer.concat([bad, Buffer.from('"A cat."\n'), bad]), [3])).toEqual([
      { line: 1, error: error(/Byte 2 .* no UTF-8/) },
      { line: 2, sentence: 'A cat.' },
      { line: 3, error: error(/Byte 2 .* no UTF-8/) },
    ]);
  });

  it('of the longest sentence fit, however it is written', () => {
    for (const sentence of ['€'.repeat(10_000), '\\u20ac'.repeat(10_000)]) {
      expect(read(ndjson, `{"sentence": "${sentence}"}`)).toEqual([
        { line: 1, sentence: '€'.repeat(10_000) },
      ]);
    }
  });

  it('are the same however the bytes arrive', () => {
    const piece = fc.oneof(
      fc.json(),
      fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
      fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify({ sentence: text, id: text.length })),
      fc.constantFrom('', ' ', '"', '{"sentence": "A cat."', 'x'.repeat(70_000)),
    );
    const bytes = fc.oneof(
      piece.map((text) => Buffer.from(text)),
      fc.uint8Array({ min: 1, maxLength: 9 }).map((some) => Buffer.from(some)),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(bytes, fc.constantFrom('\n', '\r\n')), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (pieces, chunkSizes) => {
          const content = Buffer.concat(pieces.flatMap(([text, end]) => [text, Buffer.from(end)]));
          // The first line decides whether it is text at all.
          const whole = Buffer.concat([Buffer.from('"A cat."\n'), content]);
          const found = read(
            ndjson,
            whole,
            chunkSizes.map((size) => size * (whole.length > 9999 ? 500 : 1)),
          );
          expect(found).toEqual(read(ndjson, whole, [whole.length]));
          const numbers = found.map(({ line }) => line);
          expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('lines of TSV', () => {
  it.each([
    ["CoLA's four columns", 'gj04\t1\t\tA "cat".\r\nx\t\t*\tWe.\n', ['A "cat".', 'We.']],
    ['label and sentence', '1\tA cat.\nx\tWe.', ['A cat.', 'We.']],
    ['sentence and label', 'A cat.\t0\nWe.\t1\n', ['A cat.', 'We.']],
    ['sentences alone', 'A cat.\nWe.\n', ['A cat.', 'We.']],
    ['a header', 'x\tSentence\ty\n1\tA cat.\t\n2\tWe.\t\n', ['A cat.', 'We.']],
    ['a header of one column', 'sentence\nA cat.\nWe.', ['A cat.', 'We.']],
  ])('are read with %s', (_what, content, sentences) => {
    const found = read(tsv, `\uFEFF${content}`, [1]);
    expect(found.map((line) => 'sentence' in line && line.sentence)).toEqual(sentences);
  });

  it('count blank ones and the header, and take ids from a column that is named so', () => {
    expect(read(tsv, 'Id\tSentence\n\n17\tA cat.\n18\tA\tcat.\n19\t \n20\tWe.')).toEqual([
      { line: 3, id: '"17"', sentence: 'A cat.' },
      { line: 4, error: error(/3 column\(s\), not 2.* Remove tabs/) },
      { line: 5, id: '"19"', error: error(/must not be empty/) },
      { line: 6, id: '"20"', sentence: 'We.' },
    ]);
  });

  it.each([
    ['three columns', 'a\tb\tc\n', /Which of the 3 columns/],
    ['two columns without a label', 'A cat.\tWe.\n', /Which of the 2 columns/],
    ['two columns that look like labels', '0\t1\n', /Which of the 2 columns/],
    ['two columns sentence', 'sentence\tsentence\n', /names 2 columns/],
    ['lines ended by CR', 'A cat.\rWe.\r', /CR alone/],
    ['a zip archive', Buffer.from('504b03040a00ff', 'hex'), /ZIP archive/],
    ['UTF-16', Buffer.from('fffe41000a00', 'hex'), /UTF-16/],
  ])('are refused as a whole with %s', (_what, content, message) => {
    expect(() => read(tsv, content)).toThrow(message);
  });
});
