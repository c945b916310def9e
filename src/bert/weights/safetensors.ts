import { closeSync, fstatSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { InvalidModelError } from '../errors.js';
import { shown } from '../json-file.js';
import { readInto } from './file-reading.js';
import { bytesPerValue, isDataType, toFloat32, type DataType } from './data-types.js';
import type { NamedTensor, WeightSource } from './named-tensor.js';

export interface StoredTensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  /** Where the tensor's bytes begin, counted from the start of the file. */
  readonly fileOffset: number;
  readonly byteLength: number;
}

/**
 * A file in Hugging Face's safetensors format (https://github.com/huggingface/safetensors): the header's
 * length as 64 bits little-endian, the header as JSON, then the tensors' bytes without gap or overlap. Only
 * the header is read when the file is opened. Tensors are read on demand, so a file may be larger than
 * memory.
 */
export class SafetensorsFile implements WeightSource {
  readonly shapes: ReadonlyMap<string, readonly number[]>;

  /** @throws InvalidModelError if the file is not a well-formed safetensors file. */
  static open(path: string): SafetensorsFile {
    const file = openSync(path, 'r');
    try {
      return new SafetensorsFile(path, file);
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  #file: number | null;

  private constructor(
    readonly path: string,
    file: number,
  ) {
    const { tensors, metadata } = readHeader(path, file);
    this.tensors = tensors;
    this.metadata = metadata;
    this.shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
    this.#file = file;
  }

  /**
   * A tensor as 32-bit floats. F16, BF16 and F64 are converted.
   * @throws InvalidModelError if there is no tensor of that name or it is not of a float type.
   */
  read(name: string): NamedTensor {
    if (this.#file === null)
      throw new Error(`${this.path} was closed before ${name} was read. This is a bug.`);
    const tensor = this.tensors.get(name);
    if (!tensor)
      throw new InvalidModelError(
        `${this.path} has no tensor ${name}. Use the complete file of a BERT model.`,
      );
    const bytes = new Uint8Array(tensor.byteLength);
    readInto(this.#file, bytes, tensor.fileOffset, this.path);
    const data = toFloat32(tensor.dtype, bytes);
    if (!data) {
      throw new InvalidModelError(
        `${this.path}: ${name} is of type ${tensor.dtype}, but weights must be floats.`,
      );
    }
    return { name, shape: tensor.shape, data };
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }
}

/**
 * Writes tensors as F32, one at a time, in their given order. The file is on disk when this returns. It is
 * written in place: to write it atomically, use a staging folder and rename.
 * @param shapes of all tensors, known before the first one is computed.
 * @param metadata transformers expects `format: "pt"`.
 */
export function writeSafetensors(
  path: string,
  shapes: Iterable<{ readonly name: string; readonly shape: readonly number[] }>,
  tensors: Iterable<NamedTensor>,
  metadata: Record<string, string> = { format: 'pt' },
): void {
  const { header, places } = layOut(shapes, metadata);
  const file = openSync(path, 'w');
  try {
    writeFrom(file, header, 0);
    for (const { name, shape, data } of tensors) {
      const place = places.get(name);
      if (!place) throw new Error(`The tensor ${name} was not announced, or came twice. This is a bug.`);
      if (shape.join() !== place.shape.join() || data.length * 4 !== place.byteLength) {
        throw new Error(
          `The tensor ${name} was announced as [${place.shape.join()}] but came as [${shape.join()}]. This is a bug.`,
        );
      }
      places.delete(name);
      writeFrom(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), place.fileOffset);
    }
    if (places.size > 0) {
      throw new Error(
        `Announced, but not given: ${[...places.keys()].slice(0, 5).join(', ')}. This is a bug.`,
      );
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** RoBERTa-large's header has 41,000 bytes. The header is parsed at once, sometimes while a request waits. */
const maxHeaderBytes = 2 ** 20;
const maxTensors = 10_000;
const maxDimensions = 8;
const maxNameLength = 512;

function readHeader(
  path: string,
  file: number,
): { tensors: Map<string, StoredTensor>; metadata: Record<string, string> } {
  const fail = (what: string): never => {
    throw new InvalidModelError(
      `${path} is not a sound safetensors file: ${what}. It may be cut off or damaged: fetch or copy it again.`,
    );
  };
  const { size } = fstatSync(file);
  if (size < 8) return fail(`it has ${size} bytes`);
  const lengthBytes = new Uint8Array(8);
  readInto(file, lengthBytes, 0, path);
  const headerLength = Number(new DataView(lengthBytes.buffer).getBigUint64(0, true));
  if (headerLength < 2 || headerLength > maxHeaderBytes || headerLength > size - 8) {
    return fail(`its header would have ${headerLength} bytes, the file has ${size}`);
  }
  const headerBytes = new Uint8Array(headerLength);
  readInto(file, headerBytes, 8, path);

  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(headerBytes));
  } catch {
    return fail('its header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    return fail('its header is not a JSON object');
  }

  const dataStart = 8 + headerLength;
  const names = Object.keys(header);
  if (names.length > maxTensors) return fail(`it has ${names.length} tensors, and ${maxTensors} is the most`);
  const long = names.find(({ length }) => length > maxNameLength);
  if (long) return fail(`it has a name of ${long.length} characters, and ${maxNameLength} is the most`);

  const tensors = new Map<string, StoredTensor>();
  let metadata: Record<string, string> = {};
  // JSON.parse keeps the last of two equal names. The bytes of the first then form a gap, which is refused
  // below.
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      if (!isStringRecord(entry)) return fail('its __metadata__ is not a map of strings');
      metadata = entry;
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
    if (!isDataType(dtype)) return fail(`${name} is of the unknown type ${shown(dtype)}`);
    if (!isCounts(shape) || shape.length > maxDimensions) return fail(`${name} has no usable shape`);
    if (!isCounts(offsets) || offsets.length !== 2) return fail(`${name} has no usable data_offsets`);
    const [begin, end] = offsets as [number, number];
    const byteLength = shape.reduce((product, length) => product * length, 1) * bytesPerValue[dtype];
    if (end - begin !== byteLength) {
      return fail(`${name} of shape [${shape.join()}] needs ${byteLength} bytes but has ${end - begin}`);
    }
    if (end > size - dataStart) return fail(`${name} reaches beyond the file's end`);
    tensors.set(name, { dtype, shape, fileOffset: dataStart + begin, byteLength });
  }

  let expected = dataStart;
  const inFileOrder = [...tensors].sort(
    ([, a], [, b]) => a.fileOffset - b.fileOffset || a.byteLength - b.byteLength,
  );
  for (const [name, { fileOffset, byteLength }] of inFileOrder) {
    if (fileOffset < expected) return fail(`${name} overlaps the tensor before it`);
    if (fileOffset > expected) return fail(`there is a gap before ${name}`);
    expected += byteLength;
  }
  if (expected !== size) return fail(`${size - expected} bytes after the last tensor belong to none`);
  return { tensors, metadata };
}

function layOut(
  shapes: Iterable<{ readonly name: string; readonly shape: readonly number[] }>,
  metadata: Record<string, string>,
): { header: Uint8Array; places: Map<string, StoredTensor> } {
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  const lengths: [name: string, shape: readonly number[], byteLength: number][] = [];
  let offset = 0;
  for (const { name, shape } of shapes) {
    const byteLength = shape.reduce((product, length) => product * length, 4);
    entries.push([name, { dtype: 'F32', shape, data_offsets: [offset, offset + byteLength] }]);
    lengths.push([name, shape, byteLength]);
    offset += byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  // Spaces pad the header so that the data begins on a cache line, for readers that map the file into memory.
  const padded = Math.ceil((8 + json.length) / 64) * 64;
  const header = new Uint8Array(padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded - 8), true);
  header.set(json, 8);

  const places = new Map<string, StoredTensor>();
  let fileOffset = padded;
  for (const [name, shape, byteLength] of lengths) {
    if (places.has(name)) throw new Error(`The tensor ${name} was announced twice. This is a bug.`);
    places.set(name, { dtype: 'F32', shape, fileOffset, byteLength });
    fileOffset += byteLength;
  }
  return { header, places };
}

/** One system call moves at most 2 GiB. */
const chunkBytes = 2 ** 28;

function writeFrom(file: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(file, bytes, done, Math.min(chunkBytes, bytes.length - done), position + done);
  }
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}

function isStringRecord(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((item) => typeof item === 'string')
  );
}
