import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InvalidModelError } from '../errors.js';
import { decodeOnnx, encodeOnnx, encodeTensor, type OnnxModel, type OnnxTensor } from './onnx-format.js';
import { readFile } from 'node:fs/promises';

/**
 * Operators whose weights ONNX Runtime rearranges in its own memory when it loads them. It needs no file for
 * them afterwards.
 */
const products = new Set(['Gemm', 'MatMul', 'MatMulIntegerToFloat']);

/**
 * Reads an ONNX file and embeds the weights that ONNX Runtime would otherwise keep reading from
 * `model.safetensors` while serving, above all the embeddings. Later changes to the files of a loaded model
 * then cannot affect it: truncating a memory-mapped file would end the process. The other weights are not
 * embedded, since they are read once.
 * @throws InvalidModelError if a file ends before a tensor does.
 */
export function readGraph(path: string): Uint8Array<ArrayBuffer> {
  const model = decodeOnnx(readFileSync(path));
  const released = releasedTensors(model);
  const stays = (tensor: OnnxTensor) => tensor.dataLocation === 'EXTERNAL' && !released.has(tensor.name);
  const resident = model.graph.initializer.filter(stays);
  model.graph.initializer = model.graph.initializer.filter((tensor) => !stays(tensor));

  // Read straight into place: the embeddings of a large vocabulary are a quarter of all weights.
  const pieces: (Uint8Array | Place)[] = [encodeOnnx(model)];
  const fragments = resident.map((tensor) => tensorFragment(tensor, dirname(path)));
  const fragmentBytes = fragments.flat().reduce((sum, piece) => sum + piece.length, 0);
  // A second `graph` of the same message: Protocol Buffers merges its repeated fields into those of the
  // first.
  pieces.push(lengthDelimited(7, fragmentBytes), ...fragments.flat());
  return assemble(pieces);
}

/** A range of bytes in a file. */
interface Place {
  file: string;
  offset: number;
  length: number;
}

function releasedTensors({ graph }: OnnxModel): Set<string> {
  const matrices = graph.initializer.filter(({ dims }) => dims.length === 2).map(({ name }) => name);
  const multiplied = new Set(
    graph.node.filter(({ opType }) => products.has(opType)).flatMap(({ input }) => input),
  );
  return new Set(matrices.filter((name) => multiplied.has(name)));
}

/** A `GraphProto` fragment: the field `initializer` with this tensor. */
function tensorFragment({ name, dims, dataType, externalData }: OnnxTensor, folder: string) {
  const { location, offset, length } = Object.fromEntries(
    externalData!.map(({ key, value }) => [key, value]),
  );
  const data: Place = { file: join(folder, location!), offset: Number(offset), length: Number(length) };
  const head = encodeTensor({ name, dims, dataType });
  const dataHead = lengthDelimited(9, data.length);
  return [lengthDelimited(5, head.length + dataHead.length + data.length), head, dataHead, data];
}

/** The prefix of the bytes of a field (https://protobuf.dev/programming-guides/encoding/). */
function lengthDelimited(field: number, length: number): Uint8Array {
  const bytes = [(field << 3) | 2];
  let rest = length;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.of(...bytes, rest);
}

function assemble(pieces: readonly (Uint8Array | Place)[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  const files = new Map<string, number>();
  try {
    let at = 0;
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) {
        bytes.set(piece, at);
      } else {
        if (!files.has(piece.file)) files.set(piece.file, openSync(piece.file, 'r'));
        readInto(bytes.subarray(at, at + piece.length), files.get(piece.file)!, piece);
      }
      at += piece.length;
    }
  } finally {
    for (const file of files.values()) closeSync(file);
  }
  return bytes;
}

function readInto(bytes: Uint8Array, descriptor: number, { file, offset }: Place): void {
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(descriptor, bytes, done, bytes.length - done, offset + done);
    if (count === 0) throw new InvalidModelError(`${file} is cut off. Copy the whole folder again.`);
    done += count;
  }
}

/** Size of an ONNX file with the tensors that it points to in other files: what is read to load it. */
export async function graphBytes(path: string): Promise<number> {
  const file = await readFile(path);
  const pieces = new Map<string, number>();
  for (const { externalData = [] } of decodeOnnx(file).graph.initializer) {
    const {
      location,
      offset = '0',
      length,
    } = Object.fromEntries(externalData.map(({ key, value }) => [key, value]));
    // Two tensors may be the same bytes.
    if (location !== undefined) pieces.set(`${location} ${offset}`, Number(length));
  }
  return [...pieces.values()].reduce((sum, length) => sum + length, file.length);
}
