import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { architectures, type ModelType } from '../architectures/index.js';
import { parseEncoderConfig } from '../config.js';
import { InvalidModelError } from '../errors.js';
import { openModelFolder } from './model-folder.js';
import type { NamedTensor } from './named-tensor.js';
import { canonicalName, fromTensorFlowName, nameInFile } from './parameter-names.js';
import { parameterShapes } from './parameter-shapes.js';
import { SafetensorsFile, writeSafetensors } from './safetensors.js';

const tiny = 'test/goldens/tiny-bert';
const golden = new Map<string, NamedTensor>();
const head = ['head.dense.weight', 'head.dense.bias', 'head.output.weight', 'head.output.bias'];

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

describe.each(Object.keys(architectures))('what transformers saved of %s', (type) => {
  it('has the names and shapes that parameterShapes and nameInFile give, and is read whole', () => {
    const model = openModelFolder(`test/goldens/tiny-${type}`);
    const file = SafetensorsFile.open(`test/goldens/tiny-${type}/model.safetensors`);
    const { config, weights } = model;
    const expected = [...parameterShapes(config)].map(([name, shape]) => [
      nameInFile(config.modelType, name),
      shape,
    ]);
    expect(Object.fromEntries(expected)).toEqual(Object.fromEntries(file.shapes));
    expect(model).toMatchObject({ missing: [], ignored: [] });
    for (const name of parameterShapes(config).keys()) {
      const stored = file.read(nameInFile(config.modelType, name));
      expect(weights.read(name)).toEqual({ ...stored, name });
    }
    weights.close();
    file.close();
  });
});

describe('parameterShapes', () => {
  // As many as transformers' classes have.
  it.each<[string, Record<string, unknown>, number]>([
    ['BERT-base', { model_type: 'bert' }, 109_483_778],
    ['ELECTRA-small', { model_type: 'electra' }, 13_549_314],
    [
      'ELECTRA-base, whose embeddings are as wide as its states',
      {
        model_type: 'electra',
        embedding_size: 768,
        hidden_size: 768,
        num_attention_heads: 12,
        intermediate_size: 3072,
      },
      109_483_778,
    ],
    ['DistilBERT', { model_type: 'distilbert' }, 66_955_010],
    [
      'RoBERTa-base',
      { model_type: 'roberta', type_vocab_size: 1, max_position_embeddings: 514 },
      124_647_170,
    ],
  ])('counts the parameters of %s', (_, fields, count) => {
    const shapes = [...parameterShapes(parseEncoderConfig(fields)).values()];
    expect(shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b), 0)).toBe(count);
  });
});

describe('openModelFolder', () => {
  it("knows the tokenizer's files", () => {
    const model = openModelFolder(tiny);
    expect(model.tokenizerFiles).toContain('tokenizer.json');
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
    expect(model.missing).toEqual(['head.output.weight', 'head.output.bias']);
    expect(model.ignored.toSorted()).toEqual(['cls.predictions.bias', 'embeddings.position_ids']);
    const name = 'encoder.layer.1.output.LayerNorm.weight';
    expect(model.weights.read(name)).toEqual({ ...golden.get(`bert.${name}`), name });
    expect(() => model.weights.read('head.output.weight')).toThrow(InvalidModelError);
    model.weights.close();
  });

  it('reports a missing pooler and ignores a classifier of three labels', () => {
    const three: NamedTensor[] = [
      { name: 'classifier.weight', shape: [3, 32], data: new Float32Array(96) },
      { name: 'classifier.bias', shape: [3], data: new Float32Array(3) },
    ];
    store((name) => (/pooler|classifier/.test(name) ? null : name), three);
    const model = openModelFolder(folder);
    expect(model.missing).toEqual(head);
    expect(model.ignored).toEqual(['classifier.weight', 'classifier.bias']);
    expect(model.weights.shapes.has('head.output.weight')).toBe(false);
    model.weights.close();
  });

  it('does not take half a classifier', () => {
    store((name) => (name === 'classifier.bias' ? null : name));
    const model = openModelFolder(folder);
    expect(model.missing).toEqual(['head.output.weight', 'head.output.bias']);
    expect(model.ignored).toEqual(['classifier.weight']);
    model.weights.close();
  });

  it('needs no token types where config.json says there are none', () => {
    changeConfig({ type_vocab_size: 0 });
    const model = openModelFolder(folder);
    expect(model).toMatchObject({ missing: [], ignored: ['bert.embeddings.token_type_embeddings.weight'] });
    model.weights.close();
    store((name) => (name.includes('token_type') ? null : name));
    const without = openModelFolder(folder);
    expect(without).toMatchObject({ missing: [], ignored: [] });
    without.weights.close();
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
      /lacks 1 of the tensors .* bert\.encoder\.layer\.0\.output\.dense\.bias/,
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
      name: 'encoder.layer.11.attention.self.query.weight',
      transposed: true,
    });
    expect(fromTensorFlowName('bert/encoder/layer_0/attention/output/LayerNorm/gamma')).toEqual({
      name: 'encoder.layer.0.attention.output.LayerNorm.weight',
      transposed: false,
    });
    expect(fromTensorFlowName('bert/embeddings/token_type_embeddings')).toEqual({
      name: 'embeddings.token_type_embeddings.weight',
      transposed: false,
    });
    expect(fromTensorFlowName('bert/pooler/dense/kernel')).toEqual({
      name: 'head.dense.weight',
      transposed: true,
    });
    expect(fromTensorFlowName('bert/pooler/dense/kernel/adam_m')).toBeNull();
    expect(fromTensorFlowName('module/cls/predictions/output_bias')).toBeNull();
    expect(fromTensorFlowName('global_step')).toBeNull();
  });

  // Of pre-training checkpoints, of classifiers and of bare encoders.
  it.each<[ModelType, string, string | null]>([
    ['bert', 'pooler.dense.bias', 'head.dense.bias'],
    ['bert', 'bert.embeddings.LayerNorm.beta', 'embeddings.LayerNorm.bias'],
    ['bert', 'bert.embeddings.position_ids', null],
    ['bert', 'cls.predictions.transform.LayerNorm.gamma', null],
    ['bert', 'bert.bert.pooler.dense.bias', null],
    ['bert', 'bert.classifier.weight', null],
    ['electra', 'embeddings_project.weight', 'embeddings_project.weight'],
    ['electra', 'electra.encoder.layer.3.output.dense.bias', 'encoder.layer.3.output.dense.bias'],
    ['electra', 'classifier.out_proj.weight', 'head.output.weight'],
    ['electra', 'discriminator_predictions.dense.weight', null],
    ['electra', 'generator_predictions.LayerNorm.weight', null],
    ['electra', 'generator_lm_head.bias', null],
    ['electra', 'classifier.weight', null],
    [
      'distilbert',
      'transformer.layer.0.attention.q_lin.weight',
      'encoder.layer.0.attention.self.query.weight',
    ],
    [
      'distilbert',
      'distilbert.transformer.layer.5.sa_layer_norm.bias',
      'encoder.layer.5.attention.output.LayerNorm.bias',
    ],
    ['distilbert', 'distilbert.encoder.layer.0.output.dense.bias', null],
    ['distilbert', 'pre_classifier.weight', 'head.dense.weight'],
    ['distilbert', 'vocab_projector.bias', null],
    ['distilbert', 'vocab_layer_norm.weight', null],
    ['roberta', 'embeddings.word_embeddings.weight', 'embeddings.word_embeddings.weight'],
    ['roberta', 'classifier.dense.bias', 'head.dense.bias'],
    ['roberta', 'roberta.pooler.dense.weight', null],
    ['roberta', 'lm_head.layer_norm.weight', null],
  ])('of a file of %s: %s', (type, stored, canonical) => {
    expect(canonicalName(type, stored)).toBe(canonical);
  });

  it.each(Object.keys(architectures) as ModelType[])('of %s lead there and back', (type) => {
    const config = parseEncoderConfig({ model_type: type, num_hidden_layers: 12, n_layers: 12 });
    for (const name of parameterShapes(config).keys()) {
      expect(canonicalName(type, nameInFile(type, name))).toBe(name);
    }
  });
});

describe('a base model', () => {
  /** Makes `folder` a tiny model of another architecture whose file has these names. */
  function storeAs(type: ModelType, rename: (name: string) => string | null): void {
    rmSync(folder, { recursive: true });
    cpSync(`test/goldens/tiny-${type}`, folder, { recursive: true });
    const file = SafetensorsFile.open(join(folder, 'model.safetensors'));
    const tensors = [...file.shapes.keys()].flatMap((name) => {
      const other = rename(name);
      return other === null ? [] : [{ ...file.read(name), name: other }];
    });
    file.close();
    writeSafetensors(join(folder, 'model.safetensors'), tensors, tensors);
  }

  it.each<[string, ModelType, (name: string) => string | null]>([
    ['bare', 'electra', (name) => (name.startsWith('electra.') ? name.slice('electra.'.length) : null)],
    [
      'bare',
      'distilbert',
      (name) => (name.startsWith('distilbert.') ? name.slice('distilbert.'.length) : null),
    ],
    ['bare', 'roberta', (name) => (name.startsWith('roberta.') ? name.slice('roberta.'.length) : null)],
    // A discriminator's head has the names of none that classifies.
    ['pre-trained', 'electra', (name) => name.replace('classifier.', 'discriminator_predictions.')],
    ['pre-trained', 'roberta', (name) => name.replace('classifier.', 'lm_head.')],
  ])('that is a %s %s lacks its head', (_, type, rename) => {
    storeAs(type, rename);
    const model = openModelFolder(folder);
    expect(model.missing).toEqual(head);
    model.weights.close();
  });

  it('of ELECTRA needs the projection of its embeddings', () => {
    storeAs('electra', (name) => (name.includes('embeddings_project') ? null : name));
    expect(() => openModelFolder(folder)).toThrow(
      /lacks 2 of the tensors .* electra\.embeddings_project\.weight first/,
    );
  });
});
