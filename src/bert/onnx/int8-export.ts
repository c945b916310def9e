import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { classifierGraph } from './classifier-graph.js';
import { int8LinearLayers } from './int8-linear-layers.js';
import { quantiseWeight } from './int8-weights.js';
import { StoredModel } from './stored-model.js';
import { graphFiles, int8WeightsFile } from './precisions.js';
import { writeWhole, type GrowingFile } from './whole-file.js';

/**
 * Writes `model.int8.onnx` into a folder that has `config.json` and `model.safetensors`: the graph of {@link
 * classifierGraph} with the encoder's linear layers in integers (see {@link int8LinearLayers}). The integers
 * are in `model.int8.onnx.data`. Embeddings, biases, LayerNorms and the head stay in `model.safetensors`. The
 * graph is written last, so it never exists without its integers.
 *
 * The export reads the weight of one layer at a time. It blocks for about a second for BERT-base, so call it
 * in a worker thread.
 * @throws InvalidModelError as `exportOnnx` does, or if a weight is not finite. No graph is written then.
 */
export async function exportInt8Onnx(folder: string): Promise<void> {
  const model = await StoredModel.open(folder);
  try {
    const graphPath = join(folder, graphFiles.int8);
    rmSync(graphPath, { force: true });
    let graph: Uint8Array = new Uint8Array();
    writeWhole(join(folder, int8WeightsFile), (file) => (graph = quantise(model, file)));
    writeWhole(graphPath, (file) => file.append(graph));
  } finally {
    model.close();
  }
}

/** Appends the integers to a file and returns the graph that refers to them. */
function quantise(model: StoredModel, file: GrowingFile): Uint8Array {
  const append = (data: Int8Array | Float32Array) => ({
    file: int8WeightsFile,
    ...file.append(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  });
  const linearLayers = int8LinearLayers(({ name, inputs, outputs }) => {
    const weight = model.read(`${name}.weight`, [outputs, inputs]);
    const { values, scales } = quantiseWeight(`${name}.weight`, weight, outputs);
    return { values: append(values), scales: append(scales) };
  });
  return classifierGraph(model.config, (name, shape) => model.place(name, shape), linearLayers);
}
