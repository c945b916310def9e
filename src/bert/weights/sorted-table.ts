import { InvalidModelError } from '../errors.js';

/**
 * Reads LevelDB's sorted string table, the format of a TensorFlow checkpoint's index. It has blocks of
 * key-value pairs, an index block and a footer. A key omits the prefix that it shares with the previous key.
 * Format: https://github.com/google/leveldb/blob/main/doc/table_format.md
 * @param bytes the whole file.
 * @returns pairs in the order of their keys.
 * @throws InvalidModelError if the bytes are not such a table, or a checksum is wrong.
 */
export function readSortedTable(bytes: Uint8Array, path: string): [key: string, value: Uint8Array][] {
  const fail: Fail = (what) => {
    throw new InvalidModelError(
      `${path} is not a sound TensorFlow checkpoint index: ${what}. Fetch or copy it again.`,
    );
  };
  if (bytes.length < footerBytes) return fail(`it has ${bytes.length} bytes`);
  const footer = new Cursor(bytes.subarray(bytes.length - footerBytes), fail);
  if (!magic.every((byte, index) => footer.bytes[footerBytes - 8 + index] === byte)) {
    return fail('its last bytes are not those of a table');
  }
  footer.blockHandle(); // of the meta-index block, which is not used here
  const index = readBlock(bytes, footer.blockHandle(), fail);
  let unread = bytes.length;
  return index.flatMap(([, value]) => {
    const handle = new Cursor(value, fail).blockHandle();
    // An index that repeats one block could expand a small file enormously.
    unread -= handle.size;
    if (unread < 0) return fail('its blocks overlap');
    return readBlock(bytes, handle, fail);
  });
}

type Fail = (what: string) => never;

/** In bytes. Each key is built anew, so long keys with shared prefixes would take quadratic time. */
const longestKey = 1_024;

const footerBytes = 48;
const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
/** After each block: one byte that names its compression, four of checksum. */
const trailerBytes = 5;

interface BlockHandle {
  offset: number;
  size: number;
}

function readBlock(file: Uint8Array, { offset, size }: BlockHandle, fail: Fail): [string, Uint8Array][] {
  const end = offset + size;
  if (end + trailerBytes > file.length - footerBytes) return fail('a block reaches beyond its end');
  if (file[end] !== 0) return fail(`it is compressed (kind ${file[end]}), which TensorFlow does not do`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (maskedCrc32c(file.subarray(offset, end + 1)) !== view.getUint32(end + 1, true)) {
    return fail('a checksum is wrong');
  }
  if (size < 4) return fail('a block is too short');
  const restartBytes = (view.getUint32(end - 4, true) + 1) * 4;
  if (restartBytes > size) return fail('a block is too short');

  const entries: [string, Uint8Array][] = [];
  const cursor = new Cursor(file.subarray(offset, end - restartBytes), fail);
  const decoder = new TextDecoder();
  let key = new Uint8Array();
  while (!cursor.atEnd) {
    const shared = cursor.varint();
    const unshared = cursor.varint();
    const valueLength = cursor.varint();
    if (shared > key.length || shared + unshared > longestKey) return fail('a key is damaged');
    // Take it first: a false length must not allocate memory.
    const rest = cursor.take(unshared);
    const longer = new Uint8Array(shared + unshared);
    longer.set(key.subarray(0, shared));
    longer.set(rest, shared);
    key = longer;
    entries.push([decoder.decode(key), cursor.take(valueLength)]);
  }
  return entries;
}

class Cursor {
  #position = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly fail: Fail,
  ) {}

  get atEnd(): boolean {
    return this.#position === this.bytes.length;
  }

  take(length: number): Uint8Array {
    if (length > this.bytes.length - this.#position) this.fail('it is cut off');
    this.#position += length;
    return this.bytes.subarray(this.#position - length, this.#position);
  }

  varint(): number {
    let value = 0;
    for (let weight = 1; ; weight *= 128) {
      const byte = this.take(1)[0]!;
      value += (byte & 127) * weight;
      if (!Number.isSafeInteger(value)) this.fail('a number is too large');
      if (byte < 128) return value;
    }
  }

  blockHandle(): BlockHandle {
    return { offset: this.varint(), size: this.varint() };
  }
}

/** CRC-32C (Castagnoli) as LevelDB and TensorFlow store it, "masked", so that data may hold its own checksum. */
export function maskedCrc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (let index = 0; index < bytes.length; index++) crc = table[(crc ^ bytes[index]!) & 0xff]! ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82f63b78 : 0);
  return remainder;
});
