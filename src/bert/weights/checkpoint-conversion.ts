import type { EncoderConfig } from '../config.js';
import { InvalidModelError } from '../errors.js';
import type { NamedTensor } from './named-tensor.js';
import { fromTensorFlowName, nameInFile } from './parameter-names.js';
import { parameterShapes } from './parameter-shapes.js';
import { writeSafetensors } from './safetensors.js';
import { TensorFlowCheckpoint } from './tensorflow-checkpoint.js';

/**
 * Writes the encoder and pooler of a TensorFlow checkpoint of Google's BERT as a safetensors file with
 * Hugging Face names. The pre-training heads are omitted.
 * @param prefix path of the checkpoint without `.index`.
 * @param onProgress gets bytes written so far and in total. If it throws, the conversion ends.
 * @throws InvalidModelError if a tensor is missing or its shape differs from the config.
 */
export function convertTensorFlowCheckpoint(
  prefix: string,
  config: EncoderConfig,
  target: string,
  onProgress: (bytes: number, totalBytes: number) => void = () => undefined,
): void {
  const checkpoint = TensorFlowCheckpoint.open(prefix);
  try {
    const sources = new Map<string, { stored: string; transposed: boolean }>();
    for (const stored of checkpoint.shapes.keys()) {
      const parameter = fromTensorFlowName(stored);
      if (parameter)
        sources.set(nameInFile('bert', parameter.name), { stored, transposed: parameter.transposed });
    }
    const shapes = [...parameterShapes(config)]
      .filter(([name]) => !name.startsWith('head.output.'))
      .map(([name, shape]) => ({ name: nameInFile('bert', name), shape }));
    for (const { name, shape } of shapes) {
      const source = sources.get(name);
      const stored = source && checkpoint.shapes.get(source.stored)!;
      const found = source?.transposed ? stored?.toReversed() : stored;
      if (found?.join() !== shape.join()) {
        throw new InvalidModelError(
          `${prefix}.index: ${name} must be [${shape.join()}], but is ${found ? `[${found.join()}]` : 'not there'}. ` +
            'Use the checkpoint that belongs to the configuration.',
        );
      }
    }
    const totalBytes = shapes.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
    const tensors = function* (): Generator<NamedTensor> {
      let bytes = 0;
      for (const { name, shape } of shapes) {
        const { stored, transposed } = sources.get(name)!;
        const { data } = checkpoint.read(stored);
        yield { name, shape, data: transposed ? transpose(data, shape[1]!, shape[0]!) : data };
        bytes += data.byteLength;
        onProgress(bytes, totalBytes);
      }
    };
    writeSafetensors(target, shapes, tensors());
  } finally {
    checkpoint.close();
  }
}

/** [rows, columns] → [columns, rows]. */
function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = data[row * columns + column]!;
    }
  }
  return result;
}
