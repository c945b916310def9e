import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fuzzed } from '../../../test/support/fuzz.js';
import { parseEncoderConfig } from '../config.js';
import { InvalidModelError } from '../errors.js';
import { convertTensorFlowCheckpoint } from './checkpoint-conversion.js';
import { maskedCrc32c, readSortedTable } from './sorted-table.js';
import { SafetensorsFile } from './safetensors.js';
import { TensorFlowCheckpoint } from './tensorflow-checkpoint.js';

const golden = 'test/goldens/tensorflow-checkpoint';
const tiny = 'test/goldens/tiny-bert';
const config = parseEncoderConfig(JSON.parse(readFileSync(join(tiny, 'config.json'), 'utf8')));

let root: string;
/** Prefix of a copy that a test may damage. */
let prefix: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'checkpoint-'));
});
beforeEach(() => {
  const folder = mkdtempSync(join(root, 'copy-'));
  cpSync(golden, folder, { recursive: true });
  prefix = join(folder, 'variables');
});
afterAll(() => rmSync(root, { recursive: true }));

describe('TensorFlowCheckpoint', () => {
  it('reads what TensorFlow wrote, from all data files', () => {
    const checkpoint = TensorFlowCheckpoint.open(join(golden, 'variables'));
    const file = SafetensorsFile.open(join(tiny, 'model.safetensors'));
    expect(checkpoint.shapes.size).toBe(41 - 2 + 3);
    expect(checkpoint.shapes.get('global_step')).toEqual([1]);
    const words = checkpoint.read('module/bert/embeddings/word_embeddings');
    expect(words.shape).toEqual([127, 32]);
    expect(words.data).toEqual(file.read('bert.embeddings.word_embeddings.weight').data);
    const kernel = checkpoint.read('module/bert/encoder/layer_1/intermediate/dense/kernel');
    const weight = file.read('bert.encoder.layer.1.intermediate.dense.weight');
    expect(kernel.shape).toEqual([32, 64]);
    expect(kernel.data[3 * 64 + 5]).toBe(weight.data[5 * 32 + 3]);
    expect(checkpoint.read('half').data).toEqual(Float32Array.of(0.5, -2));
    expect(() => checkpoint.read('global_step')).toThrow(/global_step is not of a float type/);
    expect(() => checkpoint.read('nothing')).toThrow(/no tensor nothing/);
    checkpoint.close();
    file.close();
  });

  it('finds damage in the data by its checksum', () => {
    const path = `${prefix}.data-00001-of-00002`;
    const bytes = readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path, bytes);
    const checkpoint = TensorFlowCheckpoint.open(prefix);
    const last = [...checkpoint.shapes.keys()].at(-1)!;
    expect(() => checkpoint.read(last)).toThrow(InvalidModelError);
    expect(() => checkpoint.read(last)).toThrow(/wrong checksum/);
    checkpoint.close();
  });

  it.each<[string, () => void, RegExp]>([
    ['no index', () => rmSync(`${prefix}.index`), /index cannot be used: it is missing/],
    ['no data', () => rmSync(`${prefix}.data-00001-of-00002`), /data-00001-of-00002 is missing/],
    ['data cut off', () => truncateSync(`${prefix}.data-00000-of-00002`, 100), /lies outside of the data/],
    [
      'an index cut off',
      () => truncateSync(`${prefix}.index`, 100),
      /not a sound TensorFlow checkpoint index/,
    ],
    ['an empty index', () => truncateSync(`${prefix}.index`, 0), /it has 0 bytes/],
  ])('refuses %s', (_, damage, message) => {
    damage();
    expect(() => TensorFlowCheckpoint.open(prefix)).toThrow(InvalidModelError);
    expect(() => TensorFlowCheckpoint.open(prefix)).toThrow(message);
  });

  it('refuses any damaged index, or reads it as it was', () => {
    const sound = readFileSync(`${golden}/variables.index`);
    const before = [...TensorFlowCheckpoint.open(join(golden, 'variables')).shapes];
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: sound.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, change) => {
          const bytes = Buffer.from(sound);
          bytes[at]! ^= change;
          writeFileSync(`${prefix}.index`, bytes);
          try {
            const checkpoint = TensorFlowCheckpoint.open(prefix);
            expect([...checkpoint.shapes]).toEqual(before);
            checkpoint.close();
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidModelError);
          }
        },
      ),
      fuzzed(500),
    );
  });
});

describe('convertTensorFlowCheckpoint', () => {
  it('gives the tensors of the Hugging Face model, without heads', () => {
    const target = join(root, 'converted.safetensors');
    const progress: number[] = [];
    convertTensorFlowCheckpoint(join(golden, 'variables'), config, target, (bytes, total) =>
      progress.push(bytes / total),
    );
    const converted = SafetensorsFile.open(target);
    const original = SafetensorsFile.open(join(tiny, 'model.safetensors'));
    const names = [...original.shapes.keys()].filter((name) => name.startsWith('bert.'));
    expect([...converted.shapes.keys()].toSorted()).toEqual(names.toSorted());
    for (const name of names) expect(converted.read(name)).toEqual(original.read(name));
    expect(progress.at(-1)).toBe(1);
    converted.close();
    original.close();
  });

  it.each([
    [
      'shape',
      { ...config, intermediateSize: 65 },
      /intermediate.dense.weight must be \[65,32\], but is \[64,32\]/,
    ],
    ['number of layers', { ...config, numHiddenLayers: 3 }, /layer.2.* but is not there/],
  ])('refuses another %s than the configuration has', (_, other, message) => {
    const target = join(root, 'refused.safetensors');
    expect(() => convertTensorFlowCheckpoint(join(golden, 'variables'), other, target)).toThrow(message);
  });
});

describe('readSortedTable', () => {
  it('reads several blocks', () => {
    const table = writeTable([
      [
        ['a', 'one'],
        ['ab', 'two'],
      ],
      [
        ['b', ''],
        ['ba', 'x'.repeat(300)],
      ],
    ]);
    const text = readSortedTable(table, 'x').map(([key, value]) => [key, Buffer.from(value).toString()]);
    expect(text).toEqual([
      ['a', 'one'],
      ['ab', 'two'],
      ['b', ''],
      ['ba', 'x'.repeat(300)],
    ]);
  });

  it('refuses in its own way what is wrong in blocks whose checksums are right', () => {
    const entry = fc.tuple(fc.string({ maxLength: 4 }), fc.string({ maxLength: 6 }));
    const damage = fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
    let taken = 0;
    fc.assert(
      fc.property(
        fc.array(fc.array(entry, { minLength: 1, maxLength: 4 }), { maxLength: 3 }),
        damage,
        (blocks, changes) => {
          const table = writeTable(blocks, 0, (block) => {
            for (const [at, byte] of changes) if (at < block.length - 1) block[at] = byte;
          });
          try {
            readSortedTable(table, 'x');
            taken++;
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidModelError);
          }
        },
      ),
      fuzzed(1000),
    );
    expect(taken).toBeGreaterThan(0);
  });

  it('takes a length beyond all numbers for damage', () => {
    const lengthOfKey = (block: Buffer) => {
      const isOfData = block.length > 20;
      if (isOfData) Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]).copy(block, 1);
    };
    expect(() => readSortedTable(writeTable([[['a', 'x'.repeat(20)]]], 0, lengthOfKey), 'x')).toThrow(
      /a key is damaged/,
    );
  });

  it('refuses a compressed block', () => {
    expect(() => readSortedTable(writeTable([[['a', 'one']]], 1), 'x')).toThrow(/compressed \(kind 1\)/);
  });
});

it('computes CRC-32C as RFC 3720 gives it', () => {
  const unmask = (masked: number) => {
    const rotated = (masked - 0xa282ead8) >>> 0;
    return ((rotated >>> 17) | (rotated << 15)) >>> 0;
  };
  expect(unmask(maskedCrc32c(new Uint8Array(32)))).toBe(0x8a9136aa);
  expect(unmask(maskedCrc32c(new Uint8Array(32).fill(0xff)))).toBe(0x62a8ab43);
  expect(unmask(maskedCrc32c(Uint8Array.from({ length: 32 }, (_, index) => index)))).toBe(0x46dd794e);
});

/**
 * A table in LevelDB's format with keys that share what they can.
 * @param change what becomes of each block before its checksum is taken
 */
function writeTable(
  blocks: [string, string][][],
  compression = 0,
  change: (block: Buffer) => void = () => undefined,
): Uint8Array {
  let file = Buffer.alloc(0);
  const append = (entries: [string, Buffer][]): Buffer => {
    let previous = '';
    const parts: Buffer[] = [];
    for (const [key, value] of entries) {
      let shared = 0;
      while (shared < previous.length && previous[shared] === key[shared]) shared++;
      const rest = Buffer.from(key.slice(shared));
      parts.push(varint(shared), varint(rest.length), varint(value.length), rest, value);
      previous = key;
    }
    parts.push(Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]));
    const body = Buffer.concat([...parts, Buffer.from([compression])]);
    change(body);
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32LE(maskedCrc32c(body));
    const handle = Buffer.concat([varint(file.length), varint(body.length - 1)]);
    file = Buffer.concat([file, body, checksum]);
    return handle;
  };
  const index = blocks.map((entries): [string, Buffer] => {
    const handle = append(entries.map(([key, value]) => [key, Buffer.from(value)]));
    return [entries.at(-1)![0], handle];
  });
  const metaHandle = append([]);
  const footer = Buffer.alloc(48);
  Buffer.concat([metaHandle, append(index)]).copy(footer);
  Buffer.from([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]).copy(footer, 40);
  return Buffer.concat([file, footer]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 128; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}
