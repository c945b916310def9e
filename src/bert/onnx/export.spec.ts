import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { architectures } from '../architectures/index.js';
import { InvalidModelError } from '../errors.js';
import { nameInFile } from '../weights/parameter-names.js';
import { SafetensorsFile, writeSafetensors } from '../weights/safetensors.js';
import { exportOnnx } from './export.js';
import { decodeOnnx, type OnnxNode } from './onnx-format.js';

const goldensFolder = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));
const forwardOf = (type: string) => {
  const goldens = JSON.parse(readFileSync(join(goldensFolder, type, 'goldens.json'), 'utf8')) as {
    forward: { inputIds: number[][]; attentionMask: number[][]; logits: number[][] };
  };
  return goldens.forward;
};
const { inputIds, attentionMask, logits } = forwardOf('bert');

let folder: string;
let session: InferenceSession | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'export-onnx-'));
  cpSync(join(goldensFolder, 'tiny-bert'), folder, { recursive: true });
});

afterEach(async () => {
  await session?.release();
  session = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function run(ids: number[][], mask: number[][]): Promise<number[][]> {
  session ??= await InferenceSession.create(join(folder, 'model.onnx'), { intraOpNumThreads: 1 });
  const shape = [ids.length, ids[0]!.length];
  const tensor = (rows: number[][]) => new Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), shape);
  const output = (await session.run({ input_ids: tensor(ids), attention_mask: tensor(mask) }))['logits']!;
  expect(output.dims).toEqual([ids.length, 2]);
  const values = [...(output.data as Float32Array)];
  return ids.map((_, row) => values.slice(2 * row, 2 * row + 2));
}

function expectClose(found: number[][], expected: number[][], tolerance = 1e-5): void {
  const worst = Math.max(
    ...found.flatMap((row, i) => row.map((value, j) => Math.abs(value - expected[i]![j]!))),
  );
  expect(found).toHaveLength(expected.length);
  expect(worst).toBeLessThan(tolerance);
}

describe.each(Object.keys(architectures))('the graph of %s', (type) => {
  const forward = forwardOf(type);

  beforeEach(async () => {
    cpSync(join(goldensFolder, `tiny-${type}`), folder, { recursive: true });
    await exportOnnx(folder);
  });

  it("gives PyTorch's logits for a padded batch", async () => {
    expectClose(await run(forward.inputIds, forward.attentionMask), forward.logits);
  });

  it('takes every batch size and length', async () => {
    for (const [i, ids] of forward.inputIds.entries()) {
      const unpadded = ids.slice(0, forward.attentionMask[i]!.filter((mask) => mask === 1).length);
      expectClose(await run([unpadded], [unpadded.map(() => 1)]), [forward.logits[i]!]);
    }
    const longest = (rows: number[][]) =>
      rows.map((row) => [...row, ...Array<number>(64 - row.length).fill(0)]);
    expectClose(await run(longest(forward.inputIds), longest(forward.attentionMask)), forward.logits);
  });
});

describe('exportOnnx', () => {
  it('does not care what stands in the padding', async () => {
    await exportOnnx(folder);
    const other = inputIds.map((ids, i) => ids.map((id, j) => (attentionMask[i]![j] === 1 ? id : 9 + j)));
    expectClose(await run(other, attentionMask), logits);
  });

  it('stores no weight twice: the file points into model.safetensors', async () => {
    await exportOnnx(folder);
    const bytes = readFileSync(join(folder, 'model.onnx'));
    expect(bytes.length).toBeLessThan(40_000);
    const { initializer } = decodeOnnx(bytes).graph;
    const external = initializer.filter(({ dataLocation }) => dataLocation === 'EXTERNAL');
    const weights = SafetensorsFile.open(join(folder, 'model.safetensors'));
    weights.close();
    expect(external.map(({ name }) => nameInFile('bert', name)).sort()).toEqual(
      [...weights.tensors.keys()].sort(),
    );
    for (const { name, dims, externalData } of external) {
      const { shape, fileOffset, byteLength } = weights.tensors.get(nameInFile('bert', name))!;
      expect(dims).toEqual(shape);
      expect(Object.fromEntries(externalData!.map(({ key, value }) => [key, value]))).toEqual({
        location: 'model.safetensors',
        offset: String(fileOffset),
        length: String(byteLength),
      });
    }
  });

  it('computes BERT without token types as with types of zeros', async () => {
    const path = join(folder, 'model.safetensors');
    const file = SafetensorsFile.open(path);
    const tensors = [...file.shapes.keys()].map((name) => file.read(name));
    file.close();
    const isTypes = ({ name }: { name: string }) => name.includes('token_type');
    tensors.find(isTypes)!.data.fill(0);
    writeSafetensors(path, tensors, tensors);
    await exportOnnx(folder);
    const withZeros = await run(inputIds, attentionMask);
    await session!.release();
    session = undefined;

    const others = tensors.filter((tensor) => !isTypes(tensor));
    writeSafetensors(path, others, others);
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as object;
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, type_vocab_size: 0 }));
    await exportOnnx(folder);
    expectClose(await run(inputIds, attentionMask), withZeros, 1e-6);
    expect(Math.abs(withZeros[0]![0]! - logits[0]![0]!)).toBeGreaterThan(1e-2);
  });

  it('leaves nothing unfinished and replaces an older file', async () => {
    writeFileSync(join(folder, 'model.onnx'), 'old');
    await exportOnnx(folder);
    expect(readdirSync(folder).filter((name) => name.startsWith('model.'))).toEqual([
      'model.onnx',
      'model.safetensors',
    ]);
    expectClose(await run(inputIds, attentionMask), logits);
  });

  it('computes the last layer for the first token only', async () => {
    await exportOnnx(folder);
    const { node } = decodeOnnx(readFileSync(join(folder, 'model.onnx'))).graph;
    const onAllTokens = node
      .filter(({ opType }) => opType === 'Gemm')
      .filter(({ input }) => !reads(node, input[0]!, '.first_tokens'));
    expect(onAllTokens.map(({ name }) => name)).toEqual([
      ...['query', 'key', 'value'].map((kind) => `encoder.layer.0.attention.self.${kind}`),
      'encoder.layer.0.attention.output.dense',
      'encoder.layer.0.intermediate.dense',
      'encoder.layer.0.output.dense',
      ...['key', 'value'].map((kind) => `encoder.layer.1.attention.self.${kind}`),
    ]);
  });
});

/** Whether a value depends on a node whose name has this ending. */
function reads(nodes: OnnxNode[], value: string, ending: string): boolean {
  const node = nodes.find(({ output }) => output.includes(value));
  return (
    node !== undefined &&
    (node.name.endsWith(ending) || node.input.some((input) => reads(nodes, input, ending)))
  );
}

describe('exportOnnx refuses', () => {
  const refusal = async () => {
    const error = await exportOnnx(folder).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InvalidModelError);
    expect(readdirSync(folder)).not.toContain('model.onnx');
    return (error as Error).message;
  };

  it('a model without a classifier', async () => {
    const file = SafetensorsFile.open(join(folder, 'model.safetensors'));
    const kept = [...file.shapes.keys()].filter((name) => !name.startsWith('classifier.'));
    const tensors = kept.map((name) => file.read(name));
    file.close();
    writeSafetensors(join(folder, 'model.safetensors'), tensors, tensors);
    expect(await refusal()).toContain(
      'classifier.weight must be F32 [2,32] to serve this model, but it is not there',
    );
  });

  it('weights of another shape than config.json says', async () => {
    const path = join(folder, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify({ ...config, intermediate_size: 128 }));
    expect(await refusal()).toContain('intermediate.dense.weight must be F32 [128,32]');
  });

  it('weights that are not there', async () => {
    rmSync(join(folder, 'model.safetensors'));
    await expect(exportOnnx(folder)).rejects.toThrow('model.safetensors');
  });
});
