import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { architectures } from '../architectures/index.js';
import { parseEncoderConfig, type EncoderConfig } from '../config.js';
import { exportOnnx } from './export.js';
import { exportInt8Onnx } from './int8-export.js';
import { graphFiles, type Precision } from './precisions.js';

const goldensFolder = fileURLToPath(new URL('../../../test/goldens/', import.meta.url));
const exportGraph: Record<Precision, (folder: string) => Promise<void>> = {
  fp32: exportOnnx,
  int8: exportInt8Onnx,
};
const cases = Object.keys(architectures).flatMap((type) =>
  (['fp32', 'int8'] as const).map((precision) => ({ type, precision })),
);

let folder: string;
let session: InferenceSession | undefined;

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'classifier-graph-'))));

afterEach(async () => {
  await session?.release();
  session = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function load(type: string, precision: Precision, options: InferenceSession.SessionOptions = {}) {
  cpSync(join(goldensFolder, `tiny-${type}`), folder, { recursive: true });
  await exportGraph[precision](folder);
  session = await InferenceSession.create(join(folder, graphFiles[precision]), {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
    ...options,
  });
}

/** The logits of sentences, each padded with `padding` to `places` tokens. */
async function logits(sentences: readonly number[][], places: number, padding = 0): Promise<number[][]> {
  const filled = (row: number[], value: number) =>
    Array.from({ length: places }, (_, column) => BigInt(row[column] ?? value));
  const tensor = (rows: bigint[][]) =>
    new Tensor('int64', BigInt64Array.from(rows.flat()), [rows.length, places]);
  const output = await session!.run({
    input_ids: tensor(sentences.map((ids) => filled(ids, padding))),
    attention_mask: tensor(
      sentences.map((ids) =>
        filled(
          ids.map(() => 1),
          0,
        ),
      ),
    ),
  });
  const values = [...(output['logits']!.data as Float32Array)];
  return sentences.map((_, row) => values.slice(2 * row, 2 * row + 2));
}

/** The logits of sentences when a row holds several of them. */
async function packedLogits(rows: readonly number[][][], places: number): Promise<number[][]> {
  const filled = (values: number[]) =>
    Array.from({ length: places }, (_, column) => BigInt(values[column] ?? 0));
  const tensor = (values: number[][]) =>
    new Tensor('int64', BigInt64Array.from(values.flatMap(filled)), [rows.length, places]);
  const output = await session!.run({
    input_ids: tensor(rows.map((row) => row.flat())),
    attention_mask: tensor(rows.map((row) => row.flatMap((ids, i) => ids.map(() => i + 1)))),
  });
  const values = [...(output['logits']!.data as Float32Array)];
  return rows.flat().map((_, i) => values.slice(2 * i, 2 * i + 2));
}

/** The distance of each sentence's logits from the expected ones. */
function distances(found: number[][], expected: number[][]): number[] {
  expect(found).toHaveLength(expected.length);
  return found.map((row, i) => Math.max(...row.map((value, j) => Math.abs(value - expected[i]![j]!))));
}

/** Of many lengths. The longest is neither first nor last. */
const sentences = [4, 9, 3, 17, 17, 5].map((length, row) =>
  Array.from({ length }, (_, column) => 5 + ((31 * row + 7 * column) % 90)),
);
const longest = 17;
const tokens = 55;

describe.each(cases)('the $precision graph of $type', ({ type, precision }) => {
  it('gives a padded sentence the logits that it has alone', async () => {
    await load(type, precision);
    const alone: number[][] = [];
    for (const sentence of sentences) alone.push(...(await logits([sentence], sentence.length)));

    const found = [
      ...distances(await logits(sentences, longest), alone),
      ...distances(await logits(sentences, longest, 77), alone),
      ...distances(await logits(sentences.toReversed(), 40), alone.toReversed()),
      ...distances(await logits([sentences[2]!], 60), [alone[2]!]),
    ].sort((a, b) => a - b);
    expect(found[Math.floor(found.length / 2)]).toBeLessThan(1e-5);
    // On another processor, the last digit may round an integer input the other way. These tiny models are
    // sensitive to that.
    expect(found.at(-1)).toBeLessThan(precision === 'fp32' ? 1e-5 : 0.05);
  });

  it('gives a sentence that shares a row with others the logits that it has alone', async () => {
    await load(type, precision);
    const alone: number[][] = [];
    for (const sentence of sentences) alone.push(...(await logits([sentence], sentence.length)));

    // One row is full, one ends with padding, and two neighbours begin alike.
    const rows = [[3], [0, 1, 0], [4], [5, 2, 5]];
    const found = await packedLogits(
      rows.map((row) => row.map((i) => sentences[i]!)),
      longest,
    );
    const apart = distances(
      found,
      rows.flat().map((i) => alone[i]!),
    ).sort((a, b) => a - b);
    expect(apart[Math.floor(apart.length / 2)]).toBeLessThan(1e-5);
    expect(apart.at(-1)).toBeLessThan(precision === 'fp32' ? 1e-5 : 0.05);
  });

  it('computes padding in attention alone, and the last layer for first tokens', async () => {
    const { config, nodes } = await profile(type, precision);
    const places = sentences.length * longest;
    const kinds = ['query', 'key', 'value'].map((kind) => `attention.self.${kind}.placed`);
    const inAttention = [...kinds, 'attention.self', 'attention.self.rows'];
    expect(namesOf(nodes, places)).toEqual(
      [
        'attention_bias',
        ...inAttention.map((name) => `encoder.layer.0.${name}`),
        ...kinds.slice(1).map((name) => `encoder.layer.1.${name}`),
      ].sort(),
    );
    // Of layer 1, only keys and values.
    const ofTokens = namesOf(nodes, tokens).filter((name) => name.startsWith('encoder.layer.1.'));
    const keysAndValues = ofTokens.filter((name) => /\.attention\.self\.(key|value)(\.|$)/.test(name));
    expect(ofTokens).toEqual(keysAndValues);
    expect(ofTokens.length).toBeGreaterThanOrEqual(2);
    expect(config.numHiddenLayers).toBe(2);
  });

  it("is computed by ONNX Runtime's large operators, and by nothing that they stand for", async () => {
    const { config, nodes } = await profile(type, precision);
    const layers = config.numHiddenLayers;
    const count = (operator: string) => nodes.filter((node) => node.operator === operator).length;
    const isProjected = config.embeddingSize !== config.hiddenSize;
    const linearLayers = 6 * layers + (isProjected ? 1 : 0);
    const head = config.head.activation;
    expect({
      attention: count('MultiHeadAttention'),
      layerNormalisation: count('LayerNormalization'),
      gelu: count('Gelu'),
      products: [count('Gemm') + count('FusedGemm'), count('MatMulIntegerToFloat')],
      roundings: count('QuantizeLinear'),
    }).toEqual({
      attention: layers,
      layerNormalisation: 1 + 2 * layers,
      gelu: layers + (head === 'gelu' ? 1 : 0),
      products: precision === 'fp32' ? [linearLayers + 2, 0] : [2, linearLayers],
      // An input of several layers is rounded once. The query of the last layer reads other rows.
      roundings: precision === 'fp32' ? 0 : 1 + (isProjected ? 1 : 0) + 4 * layers,
    });

    const expected = new Set(
      precision === 'fp32' ? float32Operators : [...float32Operators, ...int8Operators],
    );
    // The head's first layer with its tanh or ReLU.
    if (head !== 'gelu') expected.add('FusedGemm');
    expect([...new Set(nodes.map(({ operator }) => operator))].sort()).toEqual([...expected].sort());
  });
});

const float32Operators = [
  ...['Gemm', 'MultiHeadAttention', 'LayerNormalization', 'Gelu', 'Add'],
  // Where the tokens and sentences are.
  ...['Shape', 'Reshape', 'Cast', 'NonZero', 'Squeeze', 'Unsqueeze', 'CumSum', 'Sub', 'Gather', 'Range'],
  ...['Sign', 'Div', 'Mul', 'Concat', 'Slice', 'Equal', 'Not', 'ReduceMax', 'Min', 'Less', 'Where'],
];
/** Rounding of rows, their products, scales and biases. */
const int8Operators = [...['Abs', 'Clip', 'Expand', 'QuantizeLinear', 'MatMulIntegerToFloat', 'Sum']];

interface ComputedNode {
  name: string;
  operator: string;
  /** Number of float32 rows in its output. */
  rows: number;
}

/** The operators that ONNX Runtime runs for a padded batch after optimising the graph. */
async function profile(
  type: string,
  precision: Precision,
): Promise<{ config: EncoderConfig; nodes: ComputedNode[] }> {
  await load(type, precision, { enableProfiling: true, profileFilePrefix: join(folder, 'profile') });
  await logits(sentences, longest);
  session!.endProfiling();
  const file = readdirSync(folder).find((name) => name.startsWith('profile'))!;
  const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
    name: string;
    args?: { op_name?: string; output_type_shape?: Record<string, number[]>[] };
  }[];
  const suffix = '_kernel_time';
  const nodes = events
    .filter(({ name }) => name.endsWith(suffix))
    .map(({ name, args }) => ({
      name: name.slice(0, -suffix.length),
      operator: args!.op_name!,
      rows: args!.output_type_shape![0]!['float']?.slice(0, -1).reduce((a, b) => a * b, 1) ?? 0,
    }));
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as unknown;
  return { config: parseEncoderConfig(config), nodes };
}

const namesOf = (nodes: readonly ComputedNode[], rows: number) =>
  nodes
    .filter((node) => node.rows === rows)
    .map(({ name }) => name)
    .sort();
