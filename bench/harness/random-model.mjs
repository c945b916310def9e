import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The shapes that are timed. The cost of a step depends on them and not on the weights. */
export const SHAPES = {
  base: { layers: 12, hidden: 768, heads: 12, intermediate: 3072 },
  minilm: { layers: 6, hidden: 384, heads: 12, intermediate: 1536 },
  tiny: { layers: 2, hidden: 32, heads: 2, intermediate: 64 },
};

/** Names of the shapes for people. */
export const MODEL_NAMES = { base: 'BERT-base', minilm: 'MiniLM-L6', tiny: 'a tiny model' };

export const VOCABULARY = 30_522;
const POSITIONS = 512;

/**
 * Makes a Hugging Face folder of BERT with random weights, unless it exists.
 * @param {string} folder to create
 * @param {keyof typeof SHAPES} shape
 * @param {object} library
 * @param {Function} library.writeSafetensors of dist/bert/weights/safetensors.js
 * @param {Function} library.statelessPhilox of dist/bert/random.js
 */
export function makeRandomModel(folder, shape, { writeSafetensors, statelessPhilox }) {
  if (existsSync(folder)) return;
  const staging = `${folder}.${process.pid}.new`;
  mkdirSync(staging, { recursive: true });
  try {
    const { layers, hidden, heads, intermediate } = SHAPES[shape];
    const config = {
      architectures: ['BertForSequenceClassification'],
      model_type: 'bert',
      vocab_size: VOCABULARY,
      hidden_size: hidden,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      intermediate_size: intermediate,
      hidden_act: 'gelu',
      max_position_embeddings: POSITIONS,
      type_vocab_size: 2,
      layer_norm_eps: 1e-12,
      initializer_range: 0.02,
      pad_token_id: 0,
    };
    writeFileSync(join(staging, 'config.json'), JSON.stringify(config, null, 2));
    const pieces = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
    while (pieces.length < VOCABULARY) pieces.push(`piece${pieces.length}`);
    writeFileSync(join(staging, 'vocab.txt'), pieces.map((piece) => `${piece}\n`).join(''));
    const shapes = parameterShapes(SHAPES[shape]);
    writeSafetensors(
      join(staging, 'model.safetensors'),
      shapes,
      randomTensors(shapes, statelessPhilox(1, 0)),
    );
    renameSync(staging, folder);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Names and shapes of the parameters of transformers' `BertForSequenceClassification`. */
function parameterShapes({ layers, hidden, intermediate }) {
  const linear = (name, inputs, outputs) => [
    { name: `${name}.weight`, shape: [outputs, inputs] },
    { name: `${name}.bias`, shape: [outputs] },
  ];
  const layerNorm = (name) => [
    { name: `${name}.LayerNorm.weight`, shape: [hidden] },
    { name: `${name}.LayerNorm.bias`, shape: [hidden] },
  ];
  const encoderLayer = (index) => {
    const layer = `bert.encoder.layer.${index}`;
    return [
      ...['query', 'key', 'value'].flatMap((part) =>
        linear(`${layer}.attention.self.${part}`, hidden, hidden),
      ),
      ...linear(`${layer}.attention.output.dense`, hidden, hidden),
      ...layerNorm(`${layer}.attention.output`),
      ...linear(`${layer}.intermediate.dense`, hidden, intermediate),
      ...linear(`${layer}.output.dense`, intermediate, hidden),
      ...layerNorm(`${layer}.output`),
    ];
  };
  return [
    { name: 'bert.embeddings.word_embeddings.weight', shape: [VOCABULARY, hidden] },
    { name: 'bert.embeddings.position_embeddings.weight', shape: [POSITIONS, hidden] },
    { name: 'bert.embeddings.token_type_embeddings.weight', shape: [2, hidden] },
    ...layerNorm('bert.embeddings'),
    ...Array.from({ length: layers }, (_, index) => encoderLayer(index)).flat(),
    ...linear('bert.pooler.dense', hidden, hidden),
    ...linear('classifier', hidden, 2),
  ];
}

/**
 * Yields initial weights like BERT's: LayerNorm is the identity, biases are 0, all else is normal with
 * deviation 0.02.
 */
function* randomTensors(shapes, random) {
  const numbers = Float32Array.from({ length: 2 ** 20 + 7 }, () => 0.02 * random.nextNormal());
  let next = 0;
  for (const { name, shape } of shapes) {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (name.endsWith('LayerNorm.weight')) data.fill(1);
    else if (!name.endsWith('.bias')) {
      for (let i = 0; i < data.length; i++) data[i] = numbers[next++ % numbers.length];
    }
    yield { name, shape, data };
  }
}
