import { join } from 'node:path';
import { classifierGraph } from './classifier-graph.js';
import { StoredModel } from './stored-model.js';
import { graphFiles } from './precisions.js';
import { writeWhole } from './whole-file.js';

/**
 * Writes `model.onnx` into a folder that has `config.json` and `model.safetensors`. The file contains only
 * the graph (see {@link classifierGraph}). The weights stay in `model.safetensors`, which must remain beside
 * it unchanged.
 * @throws InvalidModelError if the two do not match, a tensor of a classifier with two labels is missing, or
 * a tensor is not float32.
 */
export async function exportOnnx(folder: string): Promise<void> {
  const model = await StoredModel.open(folder);
  try {
    const graph = classifierGraph(model.config, (name, shape) => model.place(name, shape));
    writeWhole(join(folder, graphFiles.fp32), (file) => file.append(graph));
  } finally {
    model.close();
  }
}
