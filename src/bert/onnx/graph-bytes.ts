import { readFile } from 'node:fs/promises';
import { decodeOnnx } from './onnx-format.js';

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
