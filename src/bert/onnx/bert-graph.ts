import type { BertConfig } from '../config.js';
import { contribDomain, GraphBuilder, type ExternalData, type Value } from './graph.js';
import { elementTypes } from './onnx-format.js';

/**
 * The ONNX graph of BERT with a classification head (Devlin et al., 2019; transformers' `BertForSequenceClassification`),
 * dropout off. Inputs `input_ids` and `attention_mask`, int64 [batch, sequence], the mask 1 on tokens and 0 on padding;
 * output `logits`, float32 [batch, 2]. All tokens are of type 0. The sequence may have `maxPositionEmbeddings` tokens.
 *
 * Linear layers are `Gemm` over all tokens of the batch as rows, with weights as Hugging Face stores them ([out, in]). The
 * classifier reads [CLS] alone, so the last layer computes all behind its keys and values for that position only: the
 * result is the same.
 *
 * @param weight where the tensor of this Hugging Face name and shape lies; may throw if there is none.
 */
export function bertClassifierGraph(
  config: BertConfig,
  weight: (name: string, shape: readonly number[]) => ExternalData,
): Uint8Array {
  const graph = new GraphBuilder();
  new BertGraph(graph, config, (name, shape) => graph.external(name, shape, weight(name, shape))).build();
  return graph.finish('bert_for_sequence_classification', operatorSet);
}

/** The first with an exact `Gelu`. */
const operatorSet = 20;

/** Unacceptable and acceptable. */
const labels = 2;

class BertGraph {
  constructor(
    private readonly graph: GraphBuilder,
    private readonly config: BertConfig,
    private readonly weight: (name: string, shape: readonly number[]) => Value,
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

    let hidden = this.rows('embedding_rows', this.embeddings(inputIds, sequence));
    for (let layer = 0; layer < numHiddenLayers; layer++) {
      const prefix = `bert.encoder.layer.${layer}`;
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
    const pooled = graph.node('bert.pooler', 'Tanh', [
      this.linear('bert.pooler.dense', hidden, hiddenSize, hiddenSize),
    ]);
    const logits = this.linear('classifier', pooled, hiddenSize, labels, 'logits');
    graph.output(logits, 'float32', ['batch', labels]);
  }

  /** Sum of word, position and type embeddings, normalised: [batch, sequence, hidden]. */
  private embeddings(inputIds: Value, sequence: Value): Value {
    const { graph } = this;
    const { hiddenSize, vocabSize, maxPositionEmbeddings, typeVocabSize } = this.config;
    const prefix = 'bert.embeddings';
    const words = this.weight(`${prefix}.word_embeddings.weight`, [vocabSize, hiddenSize]);
    const positions = this.weight(`${prefix}.position_embeddings.weight`, [
      maxPositionEmbeddings,
      hiddenSize,
    ]);
    const types = this.weight(`${prefix}.token_type_embeddings.weight`, [typeVocabSize, hiddenSize]);

    const word = graph.node(`${prefix}.word`, 'Gather', [words, inputIds]);
    const position = graph.node(`${prefix}.position`, 'Slice', [
      positions,
      graph.integers(0),
      sequence,
      graph.integers(0),
    ]);
    const type = graph.node(`${prefix}.type`, 'Gather', [types, graph.integers(0)]);
    const typed = graph.node(`${prefix}.word_and_type`, 'Add', [word, type]);
    return this.addAndNormalise(`${prefix}.LayerNorm`, typed, position);
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
    const { graph } = this;
    const { hiddenSize, intermediateSize } = this.config;
    const intermediate = this.linear(`${prefix}.intermediate.dense`, rows, hiddenSize, intermediateSize);
    const activated = graph.node(`${prefix}.intermediate.gelu`, 'Gelu', [intermediate], {
      approximate: { string: 'none' },
    });
    const output = this.linear(`${prefix}.output.dense`, activated, intermediateSize, hiddenSize);
    return this.addAndNormalise(`${prefix}.output.LayerNorm`, output, rows);
  }

  private linear(name: string, rows: Value, inputs: number, outputs: number, as = name): Value {
    const weight = this.weight(`${name}.weight`, [outputs, inputs]);
    const bias = this.weight(`${name}.bias`, [outputs]);
    return this.graph.node(as, 'Gemm', [rows, weight, bias], { transB: { int: 1 } });
  }

  /** ONNX Runtime's fused `SkipLayerNormalization` would make the whole model 5 to 10 % slower on CPUs (1.30, measured). */
  private addAndNormalise(name: string, left: Value, right: Value): Value {
    const { hiddenSize, layerNormEps } = this.config;
    const scale = this.weight(`${name}.weight`, [hiddenSize]);
    const shift = this.weight(`${name}.bias`, [hiddenSize]);
    const sum = this.graph.node(`${name}.sum`, 'Add', [left, right]);
    return this.graph.node(name, 'LayerNormalization', [sum, scale, shift], {
      axis: { int: -1 },
      epsilon: { float: layerNormEps },
    });
  }

  /** [batch, sequence, hidden] → [batch × sequence, hidden] */
  private rows(name: string, values: Value): Value {
    return this.graph.node(name, 'Reshape', [values, this.graph.integers(-1, this.config.hiddenSize)]);
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
