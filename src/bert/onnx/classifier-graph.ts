import type { HeadActivation } from '../architectures/architecture.js';
import type { EncoderConfig } from '../config.js';
import { contribDomain, GraphBuilder, type Attribute, type ExternalData, type Value } from './graph.js';
import { float32LinearLayers, type LinearOperator } from './linear-layers.js';
import { elementTypes } from './onnx-format.js';

/**
 * The ONNX graph of an encoder with its classification head (Devlin et al., 2019; transformers' `BertForSequenceClassification`
 * and its like), dropout off. Inputs `input_ids` and `attention_mask`, int64 [batch, sequence], the mask 1 on tokens and 0 on
 * padding; output `logits`, float32 [batch, 2]. All tokens are of type 0. The sequence may have `maxSequenceLength` tokens.
 *
 * Linear layers have all tokens of the batch as rows. The classifier reads [CLS] alone, so the last layer computes all behind its
 * keys and values for that position only: the result is the same.
 *
 * @param weight where the parameter of this canonical name and shape lies; may throw if there is none.
 * @param linearLayers how linear layers are computed.
 */
export function classifierGraph(
  config: EncoderConfig,
  weight: (name: string, shape: readonly number[]) => ExternalData,
  linearLayers = float32LinearLayers,
): Uint8Array {
  const graph = new GraphBuilder();
  const parameter = (name: string, shape: readonly number[]) =>
    graph.external(name, shape, weight(name, shape));
  new ClassifierGraph(graph, config, parameter, linearLayers(graph, parameter)).build();
  return graph.finish('sequence_classification', operatorSet);
}

/** The first with an exact `Gelu`. */
const operatorSet = 20;

/** GELU is never less: -0.16997 at -0.7518. */
const leastOfGelu = -0.17;

/** Unacceptable and acceptable. */
const labels = 2;

const activations: Record<HeadActivation, { operator: string; attributes?: Record<string, Attribute> }> = {
  tanh: { operator: 'Tanh' },
  gelu: { operator: 'Gelu', attributes: { approximate: { string: 'none' } } },
  relu: { operator: 'Relu' },
};

class ClassifierGraph {
  constructor(
    private readonly graph: GraphBuilder,
    private readonly config: EncoderConfig,
    private readonly weight: (name: string, shape: readonly number[]) => Value,
    private readonly linearLayer: LinearOperator,
  ) {}

  build(): void {
    const { graph } = this;
    const { hiddenSize, numHiddenLayers } = this.config;
    const inputIds = graph.input('input_ids', 'int64', ['batch', 'sequence']);
    const attentionMask = graph.input('attention_mask', 'int64', ['batch', 'sequence']);
    const batchAndSequence = graph.node('batch_and_sequence', 'Shape', [inputIds]);
    const batch = graph.node('batch', 'Gather', [batchAndSequence, graph.integers(0)]);
    const sequence = graph.node('sequence', 'Gather', [batchAndSequence, graph.integers(1)]);
    const shapes: Shapes = {
      tokens: this.shape('token_shape', [batch, sequence, graph.integers(hiddenSize)]),
      firstTokens: this.shape('first_token_shape', [batch, graph.integers(1, hiddenSize)]),
    };
    const mask = graph.node('key_mask', 'Cast', [attentionMask], { to: { int: elementTypes.int32 } });

    let hidden = this.embeddings(inputIds, sequence);
    for (let layer = 0; layer < numHiddenLayers; layer++) {
      const prefix = `encoder.layer.${layer}`;
      const queried =
        layer < numHiddenLayers - 1 ? hidden : this.firstTokens(`${prefix}.first_tokens`, hidden, shapes);
      const queriedShape = layer < numHiddenLayers - 1 ? shapes.tokens : shapes.firstTokens;
      const attended = this.attention(
        `${prefix}.attention`,
        queried,
        queriedShape,
        hidden,
        shapes.tokens,
        mask,
      );
      hidden = this.feedForward(prefix, attended);
    }
    const dense = this.linear('head.dense', hidden, hiddenSize, hiddenSize);
    const pooled = this.activation('head.activation', this.config.head.activation, dense);
    const logits = this.linear('head.output', pooled, hiddenSize, labels, { as: 'logits' });
    graph.output(logits, 'float32', ['batch', labels]);
  }

  /** Sum of word, position and type embeddings, normalised, and projected where that is narrower: [batch × sequence, hidden]. */
  private embeddings(inputIds: Value, sequence: Value): Value {
    const { graph } = this;
    const { embeddingSize, hiddenSize, vocabSize, typeVocabSize } = this.config;
    const words = this.weight('embeddings.word_embeddings.weight', [vocabSize, embeddingSize]);
    let embedded = graph.node('embeddings.word', 'Gather', [words, inputIds]);
    if (typeVocabSize > 0) {
      const types = this.weight('embeddings.token_type_embeddings.weight', [typeVocabSize, embeddingSize]);
      const type = graph.node('embeddings.type', 'Gather', [types, graph.integers(0)]);
      embedded = graph.node('embeddings.word_and_type', 'Add', [embedded, type]);
    }
    const normalised = this.addAndNormalise(
      'embeddings.LayerNorm',
      embedded,
      this.positions(sequence),
      embeddingSize,
    );
    const rows = this.rows('embedding_rows', normalised, embeddingSize);
    return embeddingSize === hiddenSize
      ? rows
      : this.linear('embeddings_project', rows, embeddingSize, hiddenSize);
  }

  /** [sequence, embedding] */
  private positions(sequence: Value): Value {
    const { graph } = this;
    const { embeddingSize, maxPositionEmbeddings, positionOffset } = this.config;
    const table = this.weight('embeddings.position_embeddings.weight', [
      maxPositionEmbeddings,
      embeddingSize,
    ]);
    const start = graph.integers(positionOffset);
    const end =
      positionOffset === 0 ? sequence : graph.node('embeddings.position_end', 'Add', [sequence, start]);
    return graph.node('embeddings.position', 'Slice', [table, start, end, graph.integers(0)]);
  }

  /** Multi-head attention with its output projection, residual connection and normalisation: a row for each row of `queried`. */
  private attention(
    prefix: string,
    queried: Value,
    queriedShape: Value,
    hidden: Value,
    hiddenShape: Value,
    mask: Value,
  ): Value {
    const { graph } = this;
    const { hiddenSize, numAttentionHeads } = this.config;
    const projected = (kind: string, rows: Value, shape: Value) => {
      const projection = this.linear(`${prefix}.self.${kind}`, rows, hiddenSize, hiddenSize);
      return graph.node(`${projection}.by_sentence`, 'Reshape', [projection, shape]);
    };
    const context = graph.node(
      `${prefix}.self`,
      'MultiHeadAttention',
      [
        projected('query', queried, queriedShape),
        projected('key', hidden, hiddenShape),
        projected('value', hidden, hiddenShape),
        '',
        mask,
      ],
      { num_heads: { int: numAttentionHeads } },
      contribDomain,
    );
    const output = this.linear(
      `${prefix}.output.dense`,
      this.rows(`${prefix}.self.rows`, context),
      hiddenSize,
      hiddenSize,
    );
    return this.addAndNormalise(`${prefix}.output.LayerNorm`, output, queried);
  }

  private feedForward(prefix: string, rows: Value): Value {
    const { hiddenSize, intermediateSize } = this.config;
    const intermediate = this.linear(`${prefix}.intermediate.dense`, rows, hiddenSize, intermediateSize);
    const activated = this.activation(`${prefix}.intermediate.gelu`, 'gelu', intermediate);
    const output = this.linear(`${prefix}.output.dense`, activated, intermediateSize, hiddenSize, {
      leastInput: leastOfGelu,
    });
    return this.addAndNormalise(`${prefix}.output.LayerNorm`, output, rows);
  }

  private linear(
    name: string,
    rows: Value,
    inputs: number,
    outputs: number,
    { as = name, leastInput }: { as?: Value; leastInput?: number } = {},
  ): Value {
    return this.linearLayer({ name, inputs, outputs, leastInput }, rows, as);
  }

  /** ONNX Runtime's fused `SkipLayerNormalization` would make the whole model 5 to 10 % slower on CPUs (1.30, measured). */
  private addAndNormalise(name: string, left: Value, right: Value, size = this.config.hiddenSize): Value {
    const { layerNormEps } = this.config;
    const scale = this.weight(`${name}.weight`, [size]);
    const shift = this.weight(`${name}.bias`, [size]);
    const sum = this.graph.node(`${name}.sum`, 'Add', [left, right]);
    return this.graph.node(name, 'LayerNormalization', [sum, scale, shift], {
      axis: { int: -1 },
      epsilon: { float: layerNormEps },
    });
  }

  private activation(name: string, activation: HeadActivation, values: Value): Value {
    const { operator, attributes } = activations[activation];
    return this.graph.node(name, operator, [values], attributes);
  }

  /** [batch, sequence, size] → [batch × sequence, size] */
  private rows(name: string, values: Value, size = this.config.hiddenSize): Value {
    return this.graph.node(name, 'Reshape', [values, this.graph.integers(-1, size)]);
  }

  /** [batch × sequence, hidden] → [batch, hidden] */
  private firstTokens(name: string, rows: Value, shapes: Shapes): Value {
    const bySentence = this.graph.node(`${name}.by_sentence`, 'Reshape', [rows, shapes.tokens]);
    return this.graph.node(name, 'Gather', [bySentence, this.graph.integer(0)], { axis: { int: 1 } });
  }

  private shape(name: string, parts: Value[]): Value {
    return this.graph.node(name, 'Concat', parts, { axis: { int: 0 } });
  }
}

interface Shapes {
  /** [batch, sequence, hidden] */
  tokens: Value;
  /** [batch, 1, hidden] */
  firstTokens: Value;
}
