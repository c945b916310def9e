import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SafetensorsFile } from '../weights/safetensors.js';
import { exportOnnx } from './export.js';
import { graphBytes } from './loaded-graph.js';
import { exportInt8Onnx } from './int8-export.js';

const tinyBert = fileURLToPath(new URL('../../../test/goldens/tiny-bert/', import.meta.url));

describe('graphBytes', () => {
  let folder: string;
  let weights: number;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'graph-bytes-'));
    cpSync(tinyBert, folder, { recursive: true });
    await exportOnnx(folder);
    await exportInt8Onnx(folder);
    const file = SafetensorsFile.open(join(folder, 'model.safetensors'));
    weights = [...file.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    file.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const graph = (name: string) => join(folder, name);

  it('counts the graph and all weights', async () => {
    expect(await graphBytes(graph('model.onnx'))).toBe(statSync(graph('model.onnx')).size + weights);
  });

  it('counts integers in the place of the weights that they stand for', async () => {
    const layers = 2;
    const [hidden, intermediate] = [32, 64];
    const linear = layers * (4 * hidden * hidden + 2 * hidden * intermediate);
    const scales = layers * (4 * hidden + intermediate + hidden);
    expect(await graphBytes(graph('model.int8.onnx'))).toBe(
      statSync(graph('model.int8.onnx')).size + weights - 4 * linear + linear + 4 * scales,
    );
  });
});
