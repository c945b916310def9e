import { createHash } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fuzzed } from '../../../test/support/fuzz.js';
import { InvalidModelError } from '../errors.js';
import type { NamedTensor } from './named-tensor.js';
import { SafetensorsFile, writeSafetensors } from './safetensors.js';

const tiny = 'test/goldens/tiny-bert/model.safetensors';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
  path = join(folder, 'x.safetensors');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file with any header, sound or not. */
function write(header: unknown, data: Uint8Array = new Uint8Array(), headerLength?: number): string {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(headerLength ?? json.length));
  writeFileSync(path, Buffer.concat([length, json, data]));
  return path;
}

function readAll(file: SafetensorsFile): NamedTensor[] {
  try {
    return [...file.tensors.keys()].map((name) => file.read(name));
  } finally {
    file.close();
  }
}

describe('writeSafetensors', () => {
  it('writes what it reads back, also when tensors come in another order', () => {
    const tensors: NamedTensor[] = [
      { name: 'a', shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, NaN, Infinity) },
      { name: 'scalar', shape: [], data: Float32Array.of(7) },
      { name: 'none', shape: [0, 4], data: new Float32Array() },
      { name: 'é "quoted"', shape: [2], data: new Float32Array([9, 1, 2, 9]).subarray(1, 3) },
    ];
    writeSafetensors(path, tensors, [...tensors].reverse());
    const file = SafetensorsFile.open(path);
    expect(file.metadata).toEqual({ format: 'pt' });
    expect([...file.shapes]).toEqual(tensors.map(({ name, shape }) => [name, shape]));
    for (const { fileOffset, byteLength } of file.tensors.values()) {
      expect(fileOffset + byteLength).toBeLessThanOrEqual(statSync(path).size);
    }
    expect(file.tensors.get('a')!.fileOffset % 64).toBe(0);
    expect(readAll(file)).toEqual(tensors);
  });

  it('copies the golden model value for value', () => {
    const source = SafetensorsFile.open(tiny);
    const shapes = [...source.shapes].map(([name, shape]) => ({ name, shape }));
    writeSafetensors(
      path,
      shapes,
      shapes.map(({ name }) => source.read(name)),
    );
    expect(readAll(SafetensorsFile.open(path))).toEqual(readAll(source));
  });

  it.each<[string, NamedTensor[], RegExp]>([
    ['one missing', [], /Announced, but not given: a/],
    ['one too many', [{ name: 'b', shape: [1], data: new Float32Array(1) }], /not announced/],
    [
      'another shape',
      [{ name: 'a', shape: [1, 2], data: new Float32Array(2) }],
      /announced as \[2\] but came as \[1,2\]/,
    ],
    ['too few values', [{ name: 'a', shape: [2], data: new Float32Array(1) }], /announced as/],
  ])('refuses tensors that are not as announced: %s', (_, tensors, message) => {
    expect(() => writeSafetensors(path, [{ name: 'a', shape: [2] }], tensors)).toThrow(message);
  });

  it('refuses a name announced twice', () => {
    const twice = [
      { name: 'a', shape: [1] },
      { name: 'a', shape: [1] },
    ];
    expect(() => writeSafetensors(path, twice, [])).toThrow(/announced twice/);
  });
});

describe('SafetensorsFile', () => {
  it.each<[string, string, RegExp]>([
    ['of more than a mebibyte', ' '.repeat(2 ** 20) + '{}', /header would have 1048578 bytes/],
    [
      'of very many tensors',
      JSON.stringify(Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [index, 0]))),
      /10001 tensors, and 10000 is the most/,
    ],
    [
      'with a long name',
      JSON.stringify({ ['x'.repeat(513)]: 0 }),
      /name of 513 characters, and 512 is the most/,
    ],
    [
      'nested without end',
      `{"a":{"dtype":${'['.repeat(99_999)}${']'.repeat(99_999)}}}`,
      /unknown type a list/,
    ],
  ])('refuses a header %s', (_, json, message) => {
    const folder = mkdtempSync(join(tmpdir(), 'header-'));
    const path = join(folder, 'model.safetensors');
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    writeFileSync(path, Buffer.concat([length, Buffer.from(json)]));
    expect(() => SafetensorsFile.open(path)).toThrow(message);
    rmSync(folder, { recursive: true });
  });

  it('reads what Python wrote', () => {
    const file = SafetensorsFile.open(tiny);
    expect(file.shapes.get('bert.embeddings.word_embeddings.weight')).toEqual([127, 32]);
    const { fileOffset, byteLength } = file.tensors.get('classifier.weight')!;
    const raw = readFileSync(tiny).subarray(fileOffset, fileOffset + byteLength);
    const { data } = file.read('classifier.weight');
    expect(data.length).toBe(64);
    expect(Buffer.from(data.buffer)).toEqual(Buffer.from(raw));
    file.close();
  });

  it('converts every half precision number', () => {
    const half = Buffer.alloc(2 * 65_536);
    for (let bits = 0; bits < 65_536; bits++) half.writeUInt16LE(bits, bits * 2);
    write(
      {
        half: { dtype: 'F16', shape: [65_536], data_offsets: [0, 131_072] },
        brain: { dtype: 'BF16', shape: [65_536], data_offsets: [131_072, 262_144] },
        double: { dtype: 'F64', shape: [], data_offsets: [262_144, 262_152] },
      },
      Buffer.concat([half, half, Buffer.from(Float64Array.of(0.1).buffer)]),
    );
    const file = SafetensorsFile.open(path);
    const halves = file.read('half').data;
    const brains = file.read('brain').data;
    for (let bits = 0; bits < 65_536; bits++) {
      const sign = bits & 0x8000 ? -1 : 1;
      const exponent = (bits >> 10) & 31;
      const fraction = bits & 1023;
      const special = fraction ? NaN : sign * Infinity;
      const value = exponent
        ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024)
        : sign * 2 ** -14 * (fraction / 1024);
      expect(Object.is(halves[bits], exponent === 31 ? special : value), `half ${bits}`).toBe(true);
    }
    expect([brains[0x3f80], brains[0xc000], brains[0x7f80], brains[0x0001]]).toEqual([
      1,
      -2,
      Infinity,
      2 ** -133,
    ]);
    expect(file.read('double').data).toEqual(Float32Array.of(0.1));
    file.close();
  });

  it('tells integers and unknown names apart', () => {
    write({ ids: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, new Uint8Array(8));
    const file = SafetensorsFile.open(path);
    expect(() => file.read('ids')).toThrow(/ids is of type I64/);
    expect(() => file.read('toString')).toThrow(/has no tensor toString/);
    file.close();
    file.close();
    expect(() => file.read('ids')).toThrow(/was closed/);
  });

  const one = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  it.each<[string, () => string, RegExp]>([
    ['an empty file', () => (writeFileSync(path, ''), path), /it has 0 bytes/],
    ['a header longer than the file', () => write({}, undefined, 1_000), /header would have 1000 bytes/],
    ['a header longer than anything', () => write({}, undefined, 2 ** 52), /header would have/],
    ['an empty header', () => write('', new Uint8Array(9)), /header would have 0/],
    ['no JSON', () => write('{"a":'), /not JSON/],
    ['a list', () => write([]), /not a JSON object/],
    ['metadata of another kind', () => write({ __metadata__: { a: 1 } }), /__metadata__/],
    ['no entry', () => write({ a: null }), /unknown type nothing/],
    [
      'an unknown type',
      () => write({ a: { ...one, dtype: 'F31' } }, new Uint8Array(4)),
      /unknown type "F31"/,
    ],
    [
      'a type from the prototype',
      () => write({ a: { ...one, dtype: 'toString' } }),
      /unknown type "toString"/,
    ],
    ['no shape', () => write({ a: { ...one, shape: 1 } }, new Uint8Array(4)), /no usable shape/],
    [
      'a negative length',
      () => write({ a: { ...one, shape: [-1, -1] } }, new Uint8Array(4)),
      /no usable shape/,
    ],
    ['a fraction', () => write({ a: { ...one, shape: [0.5] } }, new Uint8Array(4)), /no usable shape/],
    [
      'three offsets',
      () => write({ a: { ...one, data_offsets: [0, 4, 8] } }, new Uint8Array(8)),
      /data_offsets/,
    ],
    [
      'offsets turned round',
      () => write({ a: { ...one, data_offsets: [4, 0] } }, new Uint8Array(4)),
      /needs 4 bytes/,
    ],
    [
      'a shape beyond its bytes',
      () => write({ a: { ...one, shape: [2] } }, new Uint8Array(4)),
      /needs 8 bytes but has 4/,
    ],
    [
      'a shape beyond all numbers',
      () => write({ a: { ...one, shape: [2 ** 40, 2 ** 40, 2 ** 40] } }, new Uint8Array(4)),
      /needs .* bytes but has 4/,
    ],
    ['a tensor cut off', () => write({ a: one }, new Uint8Array(3)), /beyond the file's end/],
    [
      'an overlap',
      () => write({ a: one, b: { ...one, data_offsets: [2, 6] } }, new Uint8Array(6)),
      /overlaps/,
    ],
    ['two in one place', () => write({ a: one, b: one }, new Uint8Array(4)), /overlaps/],
    [
      'a gap',
      () => write({ a: one, b: { ...one, data_offsets: [8, 12] } }, new Uint8Array(12)),
      /gap before b/,
    ],
    [
      'a gap at the start',
      () => write({ b: { ...one, data_offsets: [4, 8] } }, new Uint8Array(8)),
      /gap before b/,
    ],
    ['bytes at the end', () => write({ a: one }, new Uint8Array(5)), /1 bytes after the last tensor/],
    [
      'a name twice',
      () =>
        write(
          `{"a":${JSON.stringify(one)},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`,
          new Uint8Array(8),
        ),
      /gap before a/,
    ],
  ])('refuses %s', (_, make, message) => {
    const file = make();
    expect(() => SafetensorsFile.open(file)).toThrow(InvalidModelError);
    expect(() => SafetensorsFile.open(file)).toThrow(message);
  });

  it('reads a damaged file whole or refuses it, but never fails otherwise', () => {
    const sound = readFileSync(tiny);
    const headerLength = Number(sound.readBigUInt64LE());
    const damage = fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 8 + headerLength - 1 }),
        byte: fc.integer({ min: 0, max: 255 }),
      }),
      { minLength: 1, maxLength: 4 },
    );
    let refused = 0;
    fc.assert(
      fc.property(damage, fc.integer({ min: 0, max: 64 }), (changes, cut) => {
        const bytes = Buffer.from(sound.subarray(0, sound.length - cut));
        for (const { at, byte } of changes) bytes[at] = byte;
        writeFileSync(path, bytes);
        try {
          const file = SafetensorsFile.open(path);
          let total = 0;
          for (const { byteLength } of file.tensors.values()) total += byteLength;
          file.close();
          expect(total).toBe(bytes.length - 8 - Number(bytes.readBigUInt64LE()));
        } catch (error) {
          refused++;
          expect(error).toBeInstanceOf(InvalidModelError);
        }
      }),
      fuzzed(500),
    );
    expect(refused).toBeGreaterThan(0);
  });

  it('gives every tensor of a header whole, or refuses it', () => {
    const size = fc.oneof(fc.nat(6), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 53, 1e300));
    const entry = fc.record(
      {
        dtype: fc.constantFrom<unknown>('F32', 'F16', 'BF16', 'F64', 'I64', 'U8', 'F31', null),
        shape: fc.array(size, { maxLength: 3 }),
        data_offsets: fc.array(size, { minLength: 1, maxLength: 3 }),
      },
      { noNullPrototype: true },
    );
    // Half of them are laid out as they must be: random places hardly ever fit together.
    const sound = fc.array(
      fc.tuple(fc.constantFrom('F32', 'F16', 'F64', 'U8'), fc.array(fc.nat(3), { maxLength: 3 })),
      {
        maxLength: 4,
      },
    );
    const header = fc.oneof(
      fc.dictionary(fc.string({ maxLength: 3 }), fc.oneof(entry, fc.jsonValue({ maxDepth: 2 })), {
        maxKeys: 4,
      }),
      sound.map((tensors) => {
        let end = 0;
        const bytes = { F32: 4, F16: 2, F64: 8, U8: 1 } as Record<string, number>;
        const entries = tensors.map(([dtype, shape], index) => {
          const begin = end;
          end += shape.reduce((product, length) => product * length, bytes[dtype]!);
          return [`t${index}`, { dtype, shape, data_offsets: [begin, end] }] as const;
        });
        return Object.fromEntries(entries);
      }),
    );
    let taken = 0;
    fc.assert(
      fc.property(header, fc.nat(2), (entries, surplus) => {
        const ends = Object.values(entries).map((value) => {
          const offsets = (value as { data_offsets?: unknown } | null)?.data_offsets;
          return Array.isArray(offsets) ? Number(offsets[1]) : 0;
        });
        const length = Math.max(0, ...ends.filter((end) => end < 10_000)) + (surplus === 2 ? 1 : 0);
        try {
          const file = SafetensorsFile.open(write(entries, new Uint8Array(length)));
          for (const [name, { shape, dtype }] of file.tensors) {
            if (!/^B?F/.test(dtype)) continue;
            expect(file.read(name).data.length).toBe(shape.reduce((product, count) => product * count, 1));
          }
          file.close();
          taken++;
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidModelError);
        }
      }),
      fuzzed(500),
    );
    expect(taken).toBeGreaterThan(0);
  });

  it('reads a tensor beyond 4 GiB', () => {
    // A sparse file: it takes no room on disk.
    const gap = 5 * 2 ** 30;
    const json = JSON.stringify({
      far: { dtype: 'F32', shape: [2], data_offsets: [gap, gap + 8] },
      zeros: { dtype: 'U8', shape: [gap], data_offsets: [0, gap] },
    });
    write(json);
    const dataStart = 8 + json.length;
    const handle = openSync(path, 'r+');
    ftruncateSync(handle, dataStart + gap + 8);
    writeSync(handle, new Uint8Array(Float32Array.of(1.5, -2).buffer), 0, 8, dataStart + gap);
    closeSync(handle);
    const file = SafetensorsFile.open(path);
    expect(file.read('far').data).toEqual(Float32Array.of(1.5, -2));
    file.close();
  });
});

it('leaves the golden file as it is', () => {
  const sum = () => createHash('sha256').update(readFileSync(tiny)).digest('hex');
  const before = sum();
  readAll(SafetensorsFile.open(tiny));
  expect(sum()).toBe(before);
});
