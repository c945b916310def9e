import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { architectures } from '../architectures/index.js';
import { InvalidModelError } from '../errors.js';
import { canonicalName } from '../weights/parameter-names.js';
import { SafetensorsFile, writeSafetensors } from '../weights/safetensors.js';
import { exportOnnx } from './export.js';
import { exportInt8Onnx } from './int8-export.js';
import { decodeOnnx } from './onnx-format.js';

const goldensFolder = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));
const golden = (path: string): unknown => JSON.parse(readFileSync(join(goldensFolder, path), 'utf8'));
interface Forward {
  inputIds: number[][];
  attentionMask: number[][];
  logits: number[][];
}
const forwardOf = (type: string) => (golden(`${type}/goldens.json`) as { forward: Forward }).forward;
const rounded = (golden('int8.json') as { logits: Record<string, number[][]> }).logits;

let folder: string;
let session: InferenceSession | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'int8-export-'));
  cpSync(join(goldensFolder, 'tiny-bert'), folder, { recursive: true });
});

afterEach(async () => {
  await session?.release();
  session = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const load = () =>
  InferenceSession.create(join(folder, 'model.int8.onnx'), { intraOpNumThreads: 1, logSeverityLevel: 4 });

async function run(ids: number[][], mask: number[][]): Promise<number[][]> {
  session ??= await load();
  const shape = [ids.length, ids[0]!.length];
  const tensor = (rows: number[][]) => new Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), shape);
  const output = (await session.run({ input_ids: tensor(ids), attention_mask: tensor(mask) }))['logits']!;
  const values = [...(output.data as Float32Array)];
  return ids.map((_, row) => values.slice(2 * row, 2 * row + 2));
}

/** The distance of each sentence's logits from the expected ones, in ascending order. */
function distances(found: number[][], expected: number[][]): number[] {
  expect(found).toHaveLength(expected.length);
  const ofRow = (row: number[], i: number) =>
    Math.max(...row.map((value, j) => Math.abs(value - expected[i]![j]!)));
  return found.map(ofRow).sort((a, b) => a - b);
}

/** Changes weights of the model in the folder, by their names in its file. */
function change(name: string, values: (data: Float32Array) => void): void {
  const path = join(folder, 'model.safetensors');
  const file = SafetensorsFile.open(path);
  const tensors = [...file.shapes.keys()].map((each) => file.read(each));
  file.close();
  values(tensors.find((tensor) => tensor.name === name)!.data);
  writeSafetensors(path, tensors, tensors);
}

describe.each(Object.keys(architectures))('the int8 graph of %s', (type) => {
  const forward = forwardOf(type);

  beforeEach(async () => {
    cpSync(join(goldensFolder, `tiny-${type}`), folder, { recursive: true });
    await exportInt8Onnx(folder);
  });

  it("gives PyTorch's logits of the same rounded weights and inputs", async () => {
    const found = distances(await run(forward.inputIds, forward.attentionMask), rounded[type]!);
    // Integer sums are exact. But on another processor, the last digit before rounding may round an input the
    // other way. That moves a logit of these tiny models by up to 0.03, in few sentences.
    expect(found[Math.floor(found.length / 2)]).toBeLessThan(1e-5);
    expect(found.at(-1)).toBeLessThan(0.05);
  });

  it('is close to the float32 model', async () => {
    const found = distances(await run(forward.inputIds, forward.attentionMask), forward.logits);
    // With 16 or 32 inputs, rounding errors (up to 1/128 of the largest weight and 1/254 of the largest
    // input) hardly average out. The logits are between -3 and 3.
    expect(found.at(-1)).toBeLessThan(0.1);
    // Far enough to show that it is not the float32 model.
    expect(found.at(-1)).toBeGreaterThan(1e-3);
  });

  it('gives a sentence the same logits alone, among others, and padded', async () => {
    const together = await run(forward.inputIds, forward.attentionMask);
    const alone: number[][] = [];
    for (const [i, ids] of forward.inputIds.entries()) {
      const unpadded = ids.slice(0, forward.attentionMask[i]!.filter((mask) => mask === 1).length);
      alone.push((await run([unpadded], [unpadded.map(() => 1)]))[0]!);
    }
    const found = distances(alone, together);
    expect(found[Math.floor(found.length / 2)]).toBeLessThan(1e-5);
    expect(found.at(-1)).toBeLessThan(0.05);
  });
});

describe('exportInt8Onnx', () => {
  const { inputIds, attentionMask, logits } = forwardOf('bert');
  const worst = async () => distances(await run(inputIds, attentionMask), logits).at(-1)!;

  it('stores nothing twice: integers in a file of their own, all else in model.safetensors', async () => {
    await exportInt8Onnx(folder);
    const { initializer } = decodeOnnx(readFileSync(join(folder, 'model.int8.onnx'))).graph;
    const placed = initializer
      .filter(({ externalData }) => externalData!.length > 0)
      .map(({ name, dims, externalData }) => {
        const data = Object.fromEntries(externalData!.map(({ key, value }) => [key, value]));
        return {
          name,
          dims,
          file: data['location']!,
          offset: Number(data['offset']),
          length: Number(data['length']),
        };
      });
    const rest = placed.filter(({ file }) => file === 'model.safetensors').map(({ name }) => name);
    const stored = SafetensorsFile.open(join(folder, 'model.safetensors'));
    stored.close();
    const quantised = /(query|key|value|encoder.*\.dense)\.weight$/;
    const exact = [...stored.tensors.keys()]
      .map((name) => canonicalName('bert', name)!)
      .filter((name) => !quantised.test(name));
    expect(rest.sort()).toEqual(exact.sort());

    const own = placed
      .filter(({ file }) => file === 'model.int8.onnx.data')
      .sort((a, b) => a.offset - b.offset);
    let end = 0;
    for (const { name, dims, offset, length } of own) {
      expect(length).toBe(dims.reduce((product, dim) => product * dim, name.endsWith('.int8') ? 1 : 4));
      expect(offset % 64).toBe(0);
      expect(offset).toBeGreaterThanOrEqual(end);
      expect(offset).toBeLessThan(end + 64);
      end = offset + length;
    }
    expect(statSync(join(folder, 'model.int8.onnx.data')).size).toBe(end);
    expect(rest.length + own.length).toBe(placed.length);
  });

  it('computes the last layer for the first token only, and the head in float32', async () => {
    await exportInt8Onnx(folder);
    const { node } = decodeOnnx(readFileSync(join(folder, 'model.int8.onnx'))).graph;
    const named = (type: string) => node.filter(({ opType }) => opType === type).map(({ name }) => name);
    expect(named('Gemm')).toEqual(['head.dense', 'logits']);
    expect(named('MatMulIntegerToFloat')).toHaveLength(12);
    // One rounding for the common input of several layers, and one for the last layer's query.
    expect(named('QuantizeLinear')).toEqual([
      'embeddings.LayerNorm.bytes',
      ...['attention.self.tokens', 'attention.output.LayerNorm', 'intermediate.gelu'].map(
        (name) => `encoder.layer.0.${name}.bytes`,
      ),
      'encoder.layer.1.attention.first_tokens.bytes',
      'encoder.layer.0.output.LayerNorm.bytes',
      ...['attention.self.rows', 'attention.output.LayerNorm', 'intermediate.gelu'].map(
        (name) => `encoder.layer.1.${name}.bytes`,
      ),
    ]);
  });

  it('leaves nothing unfinished and replaces older files', async () => {
    await exportInt8Onnx(folder);
    const before = readFileSync(join(folder, 'model.int8.onnx.data'));
    change('bert.encoder.layer.0.output.dense.weight', (data) => data.reverse());
    await exportInt8Onnx(folder);
    expect(readFileSync(join(folder, 'model.int8.onnx.data'))).not.toEqual(before);
    expect(readdirSync(folder).filter((name) => name.startsWith('model.'))).toEqual([
      'model.int8.onnx',
      'model.int8.onnx.data',
      'model.safetensors',
    ]);
  });

  it('computes outputs whose weights are all 0, and rows of zeros, as the float32 model does', async () => {
    const layer = 'bert.encoder.layer.0';
    change(`${layer}.output.dense.weight`, (data) => data.fill(0, 0, 2 * 64));
    change(`${layer}.attention.self.value.weight`, (data) => data.fill(0));
    change(`${layer}.attention.self.value.bias`, (data) => data.fill(0));
    expect(await exactAndRounded()).toBeLessThan(0.1);
  });

  it('stays finite with weights and states far from the usual', async () => {
    change('bert.embeddings.LayerNorm.weight', (data) => (data[3] = 1e12));
    change('bert.encoder.layer.0.intermediate.dense.weight', (data) =>
      data.forEach((value, i) => (data[i] = value * 1e-30)),
    );
    change('bert.encoder.layer.1.attention.self.value.weight', (data) =>
      data.forEach((value, i) => (data[i] = value * 1e12)),
    );
    await exportInt8Onnx(folder);
    expect((await run(inputIds, attentionMask)).flat().every(Number.isFinite)).toBe(true);
  });

  /** The distance of this folder's int8 logits from its float32 ones. */
  async function exactAndRounded(): Promise<number> {
    await exportOnnx(folder);
    await exportInt8Onnx(folder);
    session = await InferenceSession.create(join(folder, 'model.onnx'), { intraOpNumThreads: 1 });
    const exact = await run(inputIds, attentionMask);
    await session.release();
    session = undefined;
    const found = distances(await run(inputIds, attentionMask), exact).at(-1)!;
    expect(Number.isFinite(found)).toBe(true);
    return found;
  }

  it('makes files of which a cut-off one is not loaded', async () => {
    await exportInt8Onnx(folder);
    expect(await worst()).toBeLessThan(0.1);
    const path = join(folder, 'model.int8.onnx.data');
    truncateSync(path, statSync(path).size - 1);
    await expect(load()).rejects.toThrow();
    rmSync(path);
    await expect(load()).rejects.toThrow();
  });

  it('refuses a model with weights that are not finite, and leaves no graph', async () => {
    await exportInt8Onnx(folder);
    change('bert.encoder.layer.1.output.dense.weight', (data) => (data[7] = NaN));
    const refusal = exportInt8Onnx(folder);
    await expect(refusal).rejects.toThrow(InvalidModelError);
    await expect(refusal).rejects.toThrow(
      'encoder.layer.1.output.dense.weight has a weight that is not a finite number',
    );
    expect(existsSync(join(folder, 'model.int8.onnx'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith('.unfinished'))).toEqual([]);
  });

  it('refuses weights of another shape than config.json says', async () => {
    const path = join(folder, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify({ ...config, intermediate_size: 128 }));
    await expect(exportInt8Onnx(folder)).rejects.toThrow('intermediate.dense.weight must be F32 [128,32]');
  });
});
