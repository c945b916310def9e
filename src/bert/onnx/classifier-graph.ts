import type { HeadActivation } from '../architectures/architecture.js';
import type { EncoderConfig } from '../config.js';
import { contribDomain, GraphBuilder, type Attribute, type ExternalData, type Value } from './graph.js';
import { float32LinearLayers, type LinearOperator } from './linear-layers.js';
import { elementTypes } from './onnx-format.js';

/**
 * The ONNX graph of an encoder with its classification head (Devlin et al., 2019; transformers'
 * `BertForSequenceClassification` and its equivalents), without dropout. Inputs are `input_ids` and
 * `attention_mask`, int64 [rows, columns]. The output is `logits`, float32 [sentences, 2]. All tokens have
 * type 0. A sentence has at most `maxSequenceLength` tokens.
 *
 * With one sentence per row, the mask is 0 on padding and 1 on tokens. A row may also hold several sentences,
 * one after another ("packing", Krell et al., 2021). The mask then numbers the sentences of a row, from 1 to
 * `columns`, and the logits are in the order of the sentences, row after row. Padding must be on the right:
 * the first place of every row is a token.
 *
 * Two optimisations do not change the result. Linear layers and their neighbours compute only tokens; padding
 * is added for attention alone. The classifier reads only [CLS], so the last layer computes everything after
 * its keys and values for that position only.
 * @param weight returns where the parameter of this canonical name and shape is stored; may throw if there is
 * none.
 * @param linearLayers how to compute linear layers.
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

/** Name of the first dimension of the logits. It shows that rows may hold several sentences. */
export const sentencesDimension = 'sentences';

/** The first version with an exact `Gelu`. */
const operatorSet = 20;

/** Added to the attention score of a token of another sentence. Its weight is then exactly 0. */
const outOfReach = -1e9;

/** The minimum of GELU is -0.16997, at -0.7518. */
const leastOfGelu = -0.17;

const int64 = { to: { int: elementTypes.int64 } };
const int32 = { to: { int: elementTypes.int32 } };

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
    const inputIds = graph.input('input_ids', 'int64', ['rows', 'columns']);
    const attentionMask = graph.input('attention_mask', 'int64', ['rows', 'columns']);
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
    graph.output(logits, 'float32', [sentencesDimension, labels]);
  }

  private tokens(inputIds: Value, attentionMask: Value): Tokens {
    const { graph } = this;
    const shape = graph.node('rows_and_columns', 'Shape', [inputIds]);
    const mask = graph.node('mask_by_place', 'Reshape', [attentionMask, graph.integers(-1)]);
    const place = this.where('token_places', mask);
    const index = this.countedUp('tokens_up_to_place', graph.node('is_token', 'Sign', [mask]));
    const columns = graph.node('columns', 'Gather', [shape, graph.integer(1)]);
    const inputRow = graph.node('token_input_rows', 'Div', [place, columns]);
    const number = graph.node('token_numbers', 'Gather', [mask, place]);
    const firstOfRow = graph.node('first_places', 'Mul', [inputRow, columns]);
    const sentence = graph.node('token_sentences', 'Add', [firstOfRow, number]);
    return {
      place,
      index: graph.node('token_by_place', 'Reshape', [index, shape]),
      bias: this.attentionBias(attentionMask),
      ...this.sentences(sentence),
    };
  }

  /** @param sentence [tokens]: equal for the tokens of one sentence, different for the next. */
  private sentences(sentence: Value): Pick<Tokens, 'column' | 'first' | 'indexOfSentences' | 'keyMask'> {
    const { graph } = this;
    const [zero, one, end] = [graph.integers(0), graph.integers(1), graph.integers(2 ** 31 - 1)];
    const allButLast = graph.node('sentences_but_last', 'Slice', [sentence, zero, graph.integers(-1)]);
    const before = this.concat('sentences_before', [graph.integers(-1), allButLast]);
    const continues = graph.node('continues', 'Equal', [sentence, before]);
    const begins = graph.node('begins', 'Cast', [graph.node('is_first', 'Not', [continues])], int64);
    const first = this.where('first_tokens', begins);
    const count = graph.node('token_count', 'Shape', [sentence]);
    const token = this.range('tokens', graph.node('token_limit', 'Squeeze', [count]));
    const ownFirst = graph.node('own_first', 'Gather', [first, this.countedUp('sentences_up_to', begins)]);

    const next = this.concat('next_first', [graph.node('later_first', 'Slice', [first, one, end]), count]);
    const lengths = graph.node('lengths', 'Unsqueeze', [graph.node('length', 'Sub', [next, first]), one]);
    const longest = graph.node('longest', 'ReduceMax', [lengths], { keepdims: { int: 0 } });
    const column = this.range('sentence_columns', longest);
    const firstUpright = graph.node('first_upright', 'Unsqueeze', [first, one]);
    const index = graph.node('token_by_column', 'Add', [firstUpright, column]);
    const last = graph.node('last_token', 'Sub', [count, one]);
    return {
      column: graph.node('token_columns', 'Sub', [token, ownFirst]),
      first,
      indexOfSentences: graph.node('token_of_sentence', 'Min', [index, last]),
      keyMask: graph.node('key_mask', 'Cast', [graph.node('is_key', 'Less', [column, lengths])], int32),
    };
  }

  /** float32 [rows, 1, columns, columns]: 0 within a sentence. */
  private attentionBias(attentionMask: Value): Value {
    const { graph } = this;
    const querying = graph.node('querying', 'Unsqueeze', [attentionMask, graph.integers(1, 3)]);
    const queried = graph.node('queried', 'Unsqueeze', [attentionMask, graph.integers(1, 2)]);
    const same = graph.node('same_sentence', 'Equal', [querying, queried]);
    return graph.node('attention_bias', 'Where', [same, graph.float(0), graph.float(outOfReach)]);
  }

  /**
   * Sum of word, position and type embeddings, normalised. It is projected if narrower than the states:
   * [tokens, hidden].
   */
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
   * @returns the same shape, or [sentences, hidden] for the first tokens only.
   */
  private attention(prefix: string, hidden: Value, tokens: Tokens, ofFirstTokens: boolean): Value {
    const { graph } = this;
    const { hiddenSize, numAttentionHeads } = this.config;
    const queried = ofFirstTokens
      ? graph.node(`${prefix}.first_tokens`, 'Gather', [hidden, tokens.first])
      : hidden;
    const projected = (kind: string, rows: Value) =>
      this.linear(`${prefix}.self.${kind}`, rows, hiddenSize, hiddenSize);
    const placed = (rows: Value) =>
      graph.node(`${rows}.placed`, 'Gather', [rows, ofFirstTokens ? tokens.indexOfSentences : tokens.index]);
    const query = projected('query', queried);
    const context = graph.node(
      `${prefix}.self`,
      'MultiHeadAttention',
      [
        ofFirstTokens
          ? graph.node(`${query}.placed`, 'Unsqueeze', [query, graph.integers(1)])
          : placed(query),
        placed(projected('key', hidden)),
        placed(projected('value', hidden)),
        '',
        ...(ofFirstTokens ? [tokens.keyMask] : ['', tokens.bias]),
      ],
      { num_heads: { int: numAttentionHeads } },
      contribDomain,
    );
    // [places, hidden], or [sentences, hidden]
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

  /**
   * On CPUs, the fused `SkipLayerNormalization` of ONNX Runtime makes the whole model 5 to 10 % slower
   * (measured with 1.30).
   */
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

  /** [number]: the indices where a one-dimensional tensor is not 0. */
  private where(name: string, values: Value): Value {
    const { graph } = this;
    return graph.node(name, 'Squeeze', [graph.node(`${name}.found`, 'NonZero', [values]), graph.integers(0)]);
  }

  /** For ones and zeros: the number of ones up to each position, minus one. */
  private countedUp(name: string, ones: Value): Value {
    const { graph } = this;
    const counts = graph.node(`${name}.count`, 'CumSum', [ones, graph.integer(0)]);
    return graph.node(name, 'Sub', [counts, graph.integer(1)]);
  }

  /** 0, 1, … up to but excluding the limit. */
  private range(name: string, limit: Value): Value {
    return this.graph.node(name, 'Range', [this.graph.integer(0), limit, this.graph.integer(1)]);
  }

  private concat(name: string, parts: Value[]): Value {
    return this.graph.node(name, 'Concat', parts, { axis: { int: 0 } });
  }

  private activation(name: string, activation: HeadActivation, values: Value): Value {
    const { operator, attributes } = activations[activation];
    return this.graph.node(name, operator, [values], attributes);
  }
}

/**
 * The positions of the tokens in a batch. A place is an index into the inputs, row after row, including
 * padding.
 */
interface Tokens {
  /** [tokens]: the place of each token. */
  place: Value;
  /** [rows, columns]: the token at each place; for padding, the token before it. */
  index: Value;
  /** [rows, 1, columns, columns]: limits attention to the own sentence. */
  bias: Value;
  /** [tokens]: position of the token within its sentence, from 0. */
  column: Value;
  /** [sentences]: the first token of each sentence. */
  first: Value;
  /** [sentences, longest]: the tokens of each sentence. Entries after its last token are arbitrary. */
  indexOfSentences: Value;
  /** int32 [sentences, longest]: 1 on tokens of the sentence. */
  keyMask: Value;
}
