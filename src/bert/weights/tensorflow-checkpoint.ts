import { closeSync, existsSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import protobuf from 'protobufjs';
import { InvalidModelError } from '../errors.js';
import { maskedCrc32c, readSortedTable } from './sorted-table.js';
import { bytesPerValue, toFloat32, type DataType } from './data-types.js';
import { readInto } from './file-reading.js';
import type { NamedTensor, WeightSource } from './named-tensor.js';

/**
 * A checkpoint as TensorFlow 1 and 2 save it ("tensor bundle"). `PREFIX.index` says where each tensor is in
 * `PREFIX.data-00000-of-00001` (or several such shards). Names are those of the checkpoint. Format:
 * tensorflow/core/util/tensor_bundle and tensorflow/core/protobuf/tensor_bundle.proto.
 */
export class TensorFlowCheckpoint implements WeightSource {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly #entries: ReadonlyMap<string, BundleEntry>;
  readonly #shards: Shard[] = [];

  /**
   * @param prefix path without `.index`.
   * @throws InvalidModelError if a file is missing, the index is damaged, or a tensor lies outside its shard.
   */
  static open(prefix: string): TensorFlowCheckpoint {
    return new TensorFlowCheckpoint(prefix);
  }

  private constructor(prefix: string) {
    const { shardCount, entries } = readIndex(`${prefix}.index`);
    this.#entries = entries;
    this.shapes = new Map([...entries].map(([name, { shape }]) => [name, shape]));
    try {
      for (let index = 0; index < shardCount; index++) {
        const path = `${prefix}.data-${digits(index)}-of-${digits(shardCount)}`;
        if (!existsSync(path))
          throw new InvalidModelError(`${path} is missing. Fetch or copy the checkpoint again.`);
        const file = openSync(path, 'r');
        this.#shards.push({ path, file, size: fstatSync(file).size });
      }
      for (const [name, entry] of entries) {
        const shard = this.#shards[entry.shard];
        if (!shard || entry.offset + entry.size > shard.size) {
          throw new InvalidModelError(
            `${prefix}.index: ${name} lies outside of the data. The files are cut off or do not belong together: ` +
              'fetch or copy the checkpoint again.',
          );
        }
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** @throws InvalidModelError also if the tensor's checksum is wrong. */
  read(name: string): NamedTensor {
    const entry = this.#entries.get(name);
    if (!entry) {
      throw new InvalidModelError(
        `The checkpoint has no tensor ${name}. Use the complete checkpoint of a BERT model.`,
      );
    }
    const { path, file } = this.#shards[entry.shard]!;
    const fail = (what: string): never => {
      throw new InvalidModelError(`${path}: ${name} ${what}.`);
    };
    if (entry.sliced)
      return fail('is stored in slices, which are not read. Save the checkpoint without partitions');
    if (!entry.dtype) return fail('is not of a float type, as weights must be');
    const values = entry.shape.reduce((product, length) => product * length, 1);
    if (entry.size !== values * bytesPerValue[entry.dtype]) {
      return fail(
        `of shape [${entry.shape.join()}] cannot have ${entry.size} bytes. Fetch the checkpoint again`,
      );
    }
    const bytes = new Uint8Array(entry.size);
    readInto(file, bytes, entry.offset, path);
    if (maskedCrc32c(bytes) !== entry.checksum) {
      return fail('has a wrong checksum: the file is damaged. Fetch or copy it again');
    }
    return { name, shape: entry.shape, data: toFloat32(entry.dtype, bytes)! };
  }

  close(): void {
    for (const { file } of this.#shards.splice(0)) closeSync(file);
  }
}

interface BundleEntry {
  /** undefined: not a float type. */
  dtype: DataType | undefined;
  shape: readonly number[];
  shard: number;
  offset: number;
  size: number;
  checksum: number;
  sliced: boolean;
}

interface Shard {
  path: string;
  file: number;
  size: number;
}

/** The type numbers in tensorflow/core/framework/types.proto. */
const floatTypes: Readonly<Record<number, DataType>> = { 1: 'F32', 2: 'F64', 14: 'BF16', 19: 'F16' };

const maxIndexBytes = 4 * 2 ** 20;
const maxShards = 1_000;

const messages = protobuf.Root.fromJSON({
  nested: {
    BundleHeader: {
      fields: { numShards: { type: 'int32', id: 1 }, endianness: { type: 'int32', id: 2 } },
    },
    BundleEntry: {
      fields: {
        dtype: { type: 'int32', id: 1 },
        shape: { type: 'Shape', id: 2 },
        shardId: { type: 'int32', id: 3 },
        offset: { type: 'int64', id: 4 },
        size: { type: 'int64', id: 5 },
        crc32c: { type: 'fixed32', id: 6 },
        slices: { rule: 'repeated', type: 'bytes', id: 7 },
      },
    },
    Shape: {
      fields: { dim: { rule: 'repeated', type: 'Dimension', id: 2 }, unknownRank: { type: 'bool', id: 3 } },
    },
    Dimension: { fields: { size: { type: 'int64', id: 1 } } },
  },
});

function readIndex(path: string): { shardCount: number; entries: Map<string, BundleEntry> } {
  const fail = (what: string): never => {
    throw new InvalidModelError(`${path} cannot be used: ${what}. Fetch or copy the checkpoint again.`);
  };
  if (!existsSync(path)) return fail('it is missing');
  if (statSync(path).size > maxIndexBytes) return fail('it is too large for an index');

  const [header, ...tensors] = readSortedTable(readFileSync(path), path);
  if (!header || header[0] !== '') return fail('it has no header');
  const { numShards, endianness } = decode<{ numShards: number; endianness: number }>(
    'BundleHeader',
    header[1],
    fail,
  );
  if (numShards < 1 || numShards > maxShards) return fail(`it names ${numShards} data files`);
  if (endianness !== 0) return fail('its numbers are big-endian');

  const entries = new Map<string, BundleEntry>();
  for (const [name, value] of tensors) {
    const entry = decode<{
      dtype: number;
      shape: { dim: { size: number }[]; unknownRank: boolean } | null;
      shardId: number;
      offset: number;
      size: number;
      crc32c: number;
      slices: unknown[];
    }>('BundleEntry', value, fail);
    const shape = (entry.shape?.dim ?? []).map(({ size }) => size);
    const counts = [...shape, entry.shardId, entry.offset, entry.size];
    if (entry.shape?.unknownRank || !counts.every((count) => Number.isSafeInteger(count) && count >= 0)) {
      return fail(`the entry of ${name} is damaged`);
    }
    entries.set(name, {
      dtype: floatTypes[entry.dtype],
      shape,
      shard: entry.shardId,
      offset: entry.offset,
      size: entry.size,
      checksum: entry.crc32c,
      sliced: entry.slices.length > 0,
    });
  }
  return { shardCount: numShards, entries };
}

function decode<T>(type: string, bytes: Uint8Array, fail: (what: string) => never): T {
  const message = messages.lookupType(type);
  try {
    return message.toObject(message.decode(bytes), { longs: Number, defaults: true }) as T;
  } catch (error) {
    return fail(`an entry is damaged (${(error as Error).message})`);
  }
}

function digits(index: number): string {
  return String(index).padStart(5, '0');
}
