import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEncoderConfig } from '../config.js';
import { InvalidModelError } from '../errors.js';
import { nameInFile } from '../weights/parameter-names.js';
import { SafetensorsFile } from '../weights/safetensors.js';
import { classifierGraph } from './classifier-graph.js';

/**
 * Writes `model.onnx` into a folder that has `config.json` and `model.safetensors`. It holds the graph alone (see
 * {@link classifierGraph}): the weights stay in `model.safetensors`, which must stay beside it unchanged.
 * @throws InvalidModelError if the two do not belong together, a tensor of a classifier with two labels is missing, or one is
 * not float32.
 */
export async function exportOnnx(folder: string): Promise<void> {
  const config = parseEncoderConfig(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')));
  const weights = SafetensorsFile.open(join(folder, weightsFile));
  try {
    const bytes = classifierGraph(config, (canonicalName, shape) => {
      const name = nameInFile(config.modelType, canonicalName);
      const tensor = weights.tensors.get(name);
      if (tensor?.dtype !== 'F32' || tensor.shape.join() !== shape.join()) {
        const found = tensor ? `it is ${tensor.dtype} [${tensor.shape.join()}]` : 'it is not there';
        throw new InvalidModelError(
          `${weights.path}: ${name} must be F32 [${shape.join()}] to serve this model, but ${found}. ` +
            'Take config.json and model.safetensors from one fine-tuned model.',
        );
      }
      return { file: weightsFile, offset: tensor.fileOffset, length: tensor.byteLength };
    });
    await writeWhole(join(folder, 'model.onnx'), bytes);
  } finally {
    weights.close();
  }
}

const weightsFile = 'model.safetensors';

/** The file is there with all its bytes, or not at all. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const unfinished = `${path}.unfinished`;
  const file = await open(unfinished, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}
