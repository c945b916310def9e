import type { HeadActivation } from '../architectures/architecture.js';
import type { EncoderConfig } from '../config.js';
import { contribDomain, GraphBuilder, type Attribute, type ExternalData, type Value } from './graph.js';
import { float32LinearLayers, type LinearOperator } from './linear-layers.js';
import { elementTypes } from './onnx-format.js';

/**
 * The ONNX graph of an encoder with its classification head (Devlin et al., 2019; transformers' `BertForSequenceClassification`
 * and its like), dropout off. Inputs `input_ids` and `attention_mask`, int64 [batch, sequence], the mask 1 on tokens and 0 on
 * padding; output `logits`, float32 [batch, 2]. All tokens are of type 0. The sequence may have `maxSequenceLength` tokens.
 * Padding must stand on the right: the first place of every sentence is a token.
 *
 * Two savings that change no result: the tokens of all sentences are gathered to rows, and padding is put between them for
 * attention alone; and since the classifier reads [CLS] alone, the last layer computes all behind its keys and values for that
 * position only.
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
    const tokens = this.tokens(inputIds, attentionMask);

    let hidden = this.embeddings(inputIds, tokens);
    for (let layer = 0; layer < numHiddenLayers; layer++) {
      const prefix = `encoder.layer.${layer}`;
      const isLast = layer === numHiddenLayers - 1;
      const attended = this.attention(`${prefix}.attention`, hidden, tokens, isLast);
      hidden = this.feedForward(prefix, attended);
    }
    const dense = this.linear('head.dense', hidden, hiddenSize, hiddenSize);
    const pooled = this.activation('head.activation', this.config.head.activation, dense);
    const logits = this.linear('head.output', pooled, hiddenSize, labels, { as: 'logits' });
    graph.output(logits, 'float32', ['batch', labels]);
  }

  private tokens(inputIds: Value, attentionMask: Value): Tokens {
    const { graph } = this;
    const shape = graph.node('batch_and_sequence', 'Shape', [inputIds]);
    const mask = graph.node('mask_by_place', 'Reshape', [attentionMask, graph.integers(-1)]);
    const places = graph.node('token_places', 'NonZero', [mask]);
    const counts = graph.node('tokens_up_to_place', 'CumSum', [mask, graph.integer(0)]);
    const rows = graph.node('row_by_place', 'Sub', [counts, graph.integer(1)]);
    const rowOf = graph.node('token_rows', 'Reshape', [rows, shape]);
    const sequence = graph.node('sequence', 'Gather', [shape, graph.integer(1)]);
    const place = graph.node('token_place', 'Squeeze', [places, graph.integers(0)]);
    return {
      place,
      column: graph.node('token_columns', 'Mod', [place, sequence]),
      rowOf,
      firstRow: graph.node('first_token_rows', 'Gather', [rowOf, graph.integer(0)], { axis: { int: 1 } }),
      keyMask: graph.node('key_mask', 'Cast', [attentionMask], { to: { int: elementTypes.int32 } }),
    };
  }

  /** Sum of word, position and type embeddings, normalised, and projected where that is narrower: [tokens, hidden]. */
  private embeddings(inputIds: Value, tokens: Tokens): Value {
    const { graph } = this;
    const { embeddingSize, hiddenSize, vocabSize, typeVocabSize } = this.config;
    const words = this.weight('embeddings.word_embeddings.weight', [vocabSize, embeddingSize]);
    const idByPlace = graph.node('id_by_place', 'Reshape', [inputIds, graph.integers(-1)]);
    const ids = graph.node('token_ids', 'Gather', [idByPlace, tokens.place]);
    let embedded = graph.node('embeddings.word', 'Gather', [words, ids]);
    if (typeVocabSize > 0) {
      const types = this.weight('embeddings.token_type_embeddings.weight', [typeVocabSize, embeddingSize]);
      const type = graph.node('embeddings.type', 'Gather', [types, graph.integers(0)]);
      embedded = graph.node('embeddings.word_and_type', 'Add', [embedded, type]);
    }
    const positions = this.positions(tokens);
    const normalised = this.addAndNormalise('embeddings.LayerNorm', embedded, positions, embeddingSize);
    return embeddingSize === hiddenSize
      ? normalised
      : this.linear('embeddings_project', normalised, embeddingSize, hiddenSize);
  }

  /** [tokens, embedding] */
  private positions({ column }: Tokens): Value {
    const { graph } = this;
    const { embeddingSize, maxPositionEmbeddings, positionOffset } = this.config;
    const table = this.weight('embeddings.position_embeddings.weight', [
      maxPositionEmbeddings,
      embeddingSize,
    ]);
    const position =
      positionOffset === 0
        ? column
        : graph.node('token_positions', 'Add', [column, graph.integer(positionOffset)]);
    return graph.node('embeddings.position', 'Gather', [table, position]);
  }

  /**
   * Multi-head attention with its output projection, residual connection and normalisation.
   * @param hidden [tokens, hidden]
   * @returns the same, or [batch, hidden] of the first tokens only.
   */
  private attention(prefix: string, hidden: Value, tokens: Tokens, ofFirstTokens: boolean): Value {
    const { graph } = this;
    const { hiddenSize, numAttentionHeads } = this.config;
    const queried = ofFirstTokens
      ? graph.node(`${prefix}.first_tokens`, 'Gather', [hidden, tokens.firstRow])
      : hidden;
    const projected = (kind: string, rows: Value) =>
      this.linear(`${prefix}.self.${kind}`, rows, hiddenSize, hiddenSize);
    const bySentence = (rows: Value) => graph.node(`${rows}.by_sentence`, 'Gather', [rows, tokens.rowOf]);
    const query = projected('query', queried);
    const context = graph.node(
      `${prefix}.self`,
      'MultiHeadAttention',
      [
        ofFirstTokens
          ? graph.node(`${query}.by_sentence`, 'Unsqueeze', [query, graph.integers(1)])
          : bySentence(query),
        bySentence(projected('key', hidden)),
        bySentence(projected('value', hidden)),
        '',
        tokens.keyMask,
      ],
      { num_heads: { int: numAttentionHeads } },
      contribDomain,
    );
    // [places, hidden], or [batch, hidden]
    const rows = graph.node(`${prefix}.self.rows`, 'Reshape', [context, graph.integers(-1, hiddenSize)]);
    const ofTokens = ofFirstTokens
      ? rows
      : graph.node(`${prefix}.self.tokens`, 'Gather', [rows, tokens.place]);
    const output = this.linear(`${prefix}.output.dense`, ofTokens, hiddenSize, hiddenSize);
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
}

/** Where the tokens of a batch are. Places are those of all sentences, one after another, padding counted; rows have none. */
interface Tokens {
  /** [tokens]: the place of each. */
  place: Value;
  /** [tokens]: how many places of its sentence are before it. */
  column: Value;
  /** [batch, sequence]: the row of each place's token; at padding that of the token before it. */
  rowOf: Value;
  /** [batch]: the row of each sentence's first token. */
  firstRow: Value;
  /** int32 [batch, sequence]: 1 on tokens. */
  keyMask: Value;
}
