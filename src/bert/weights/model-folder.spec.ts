import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseBertConfig } from '../config.js';
import { InvalidModelError } from '../errors.js';
import { openModelFolder } from './model-folder.js';
import type { NamedTensor } from './named-tensor.js';
import { canonicalName, fromTensorFlowName } from './parameter-names.js';
import { parameterShapes } from './parameter-shapes.js';
import { SafetensorsFile, writeSafetensors } from './safetensors.js';

const tiny = 'test/goldens/tiny-bert';
const golden = new Map<string, NamedTensor>();

let root: string;
let folder: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'model-folder-'));
  const file = SafetensorsFile.open(join(tiny, 'model.safetensors'));
  for (const name of file.shapes.keys()) golden.set(name, file.read(name));
  file.close();
});
beforeEach(() => {
  folder = mkdtempSync(join(root, 'model-'));
  cpSync(tiny, folder, { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true }));

/** Stores the golden tensors anew, each as `rename` calls it, or not at all. */
function store(rename: (name: string) => string | null, more: NamedTensor[] = []): void {
  const tensors = [...more];
  for (const [name, tensor] of golden) {
    const other = rename(name);
    if (other !== null) tensors.push({ ...tensor, name: other });
  }
  writeSafetensors(join(folder, 'model.safetensors'), tensors, tensors);
}

function changeConfig(changes: Record<string, unknown>): void {
  const path = join(folder, 'config.json');
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...changes }));
}

describe('parameterShapes', () => {
  it('are the names and shapes that transformers saves', () => {
    const config = parseBertConfig(JSON.parse(readFileSync(join(tiny, 'config.json'), 'utf8')));
    const shapes = (map: Iterable<readonly [string, readonly number[]]>) => Object.fromEntries(map);
    expect(shapes(parameterShapes(config))).toEqual(
      shapes([...golden].map(([name, { shape }]) => [name, shape])),
    );
  });
});

describe('openModelFolder', () => {
  it('opens what transformers saved', () => {
    const model = openModelFolder(tiny);
    expect(model.missing).toEqual([]);
    expect(model.ignored).toEqual([]);
    expect(model.config.hiddenSize).toBe(32);
    expect(model.tokenizerFiles).toContain('tokenizer.json');
    for (const [name, tensor] of golden) expect(model.weights.read(name)).toEqual(tensor);
    model.weights.close();
  });

  it('opens a bare encoder with the names of old conversions', () => {
    const positionIds: NamedTensor = {
      name: 'embeddings.position_ids',
      shape: [1, 2],
      data: Float32Array.of(0, 1),
    };
    const head: NamedTensor = { name: 'cls.predictions.bias', shape: [127], data: new Float32Array(127) };
    store(
      (name) =>
        name.startsWith('classifier')
          ? null
          : name
              .replace(/^bert\./, '')
              .replace('LayerNorm.weight', 'LayerNorm.gamma')
              .replace('LayerNorm.bias', 'LayerNorm.beta'),
      [positionIds, head],
    );
    const model = openModelFolder(folder);
    expect(model.missing).toEqual(['classifier.weight', 'classifier.bias']);
    expect(model.ignored.toSorted()).toEqual(['cls.predictions.bias', 'embeddings.position_ids']);
    const name = 'bert.encoder.layer.1.output.LayerNorm.weight';
    expect(model.weights.read(name)).toEqual(golden.get(name));
    expect(() => model.weights.read('classifier.weight')).toThrow(InvalidModelError);
    model.weights.close();
  });

  it('reports a missing pooler and ignores a classifier of three labels', () => {
    const three: NamedTensor[] = [
      { name: 'classifier.weight', shape: [3, 32], data: new Float32Array(96) },
      { name: 'classifier.bias', shape: [3], data: new Float32Array(3) },
    ];
    store((name) => (/pooler|classifier/.test(name) ? null : name), three);
    const model = openModelFolder(folder);
    expect(model.missing).toEqual([
      'bert.pooler.dense.weight',
      'bert.pooler.dense.bias',
      'classifier.weight',
      'classifier.bias',
    ]);
    expect(model.ignored).toEqual(['classifier.weight', 'classifier.bias']);
    expect(model.weights.shapes.has('classifier.weight')).toBe(false);
    model.weights.close();
  });

  it('does not take half a classifier', () => {
    store((name) => (name === 'classifier.bias' ? null : name));
    const model = openModelFolder(folder);
    expect(model.missing).toEqual(['classifier.weight', 'classifier.bias']);
    expect(model.ignored).toEqual(['classifier.weight']);
    model.weights.close();
  });

  it.each<[string, () => void, RegExp]>([
    ['no config.json', () => rmSync(join(folder, 'config.json')), /config.json is missing/],
    ['a broken config.json', () => writeFileSync(join(folder, 'config.json'), '{'), /not valid JSON/],
    ['no weights', () => rmSync(join(folder, 'model.safetensors')), /no model.safetensors/],
    [
      'weights cut off',
      () => writeFileSync(join(folder, 'model.safetensors'), 'abc'),
      /not a sound safetensors/,
    ],
    [
      'no tokenizer',
      () => ['tokenizer.json', 'vocab.txt'].forEach((name) => rmSync(join(folder, name))),
      /neither tokenizer.json nor vocab.txt/,
    ],
    [
      'another hidden size',
      () => changeConfig({ hidden_size: 64 }),
      /has the shape \[.*by config.json it must be/,
    ],
    ['a layer too few', () => changeConfig({ num_hidden_layers: 3 }), /lacks 16 of the tensors/],
    ['a layer too many', () => changeConfig({ num_hidden_layers: 1 }), /config.json says 1 layers/],
    [
      'a missing tensor',
      () => store((name) => (name.endsWith('layer.0.output.dense.bias') ? null : name)),
      /lacks 1 of the tensors .* bert.encoder.layer.0.output.dense.bias/,
    ],
    [
      'a tensor under both its names',
      () => store((name) => name, [{ ...golden.get('bert.pooler.dense.bias')!, name: 'pooler.dense.bias' }]),
      /twice/,
    ],
  ])('refuses %s', (_, damage, message) => {
    damage();
    expect(() => openModelFolder(folder)).toThrow(InvalidModelError);
    expect(() => openModelFolder(folder)).toThrow(message);
  });
});

describe('names', () => {
  it('of a TensorFlow checkpoint', () => {
    expect(fromTensorFlowName('module/bert/encoder/layer_11/attention/self/query/kernel')).toEqual({
      name: 'bert.encoder.layer.11.attention.self.query.weight',
      transposed: true,
    });
    expect(fromTensorFlowName('bert/encoder/layer_0/attention/output/LayerNorm/gamma')).toEqual({
      name: 'bert.encoder.layer.0.attention.output.LayerNorm.weight',
      transposed: false,
    });
    expect(fromTensorFlowName('bert/embeddings/token_type_embeddings')).toEqual({
      name: 'bert.embeddings.token_type_embeddings.weight',
      transposed: false,
    });
    expect(fromTensorFlowName('bert/pooler/dense/kernel/adam_m')).toBeNull();
    expect(fromTensorFlowName('module/cls/predictions/output_bias')).toBeNull();
    expect(fromTensorFlowName('global_step')).toBeNull();
  });

  it('of a Hugging Face file', () => {
    expect(canonicalName('pooler.dense.bias')).toBe('bert.pooler.dense.bias');
    expect(canonicalName('bert.embeddings.LayerNorm.beta')).toBe('bert.embeddings.LayerNorm.bias');
    expect(canonicalName('bert.embeddings.position_ids')).toBeNull();
    expect(canonicalName('cls.predictions.transform.LayerNorm.gamma')).toBeNull();
    expect(canonicalName('bert.bert.pooler.dense.bias')).toBeNull();
    expect(canonicalName('bert.classifier.weight')).toBeNull();
  });
});
