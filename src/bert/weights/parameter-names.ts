/**
 * The name that `BertForSequenceClassification` gives a tensor of a Hugging Face BERT folder: a bare encoder's lack
 * `bert.` (all-MiniLM-L6-v2), old conversions call LayerNorm's weight and bias gamma and beta (bert-base-uncased).
 * @returns null for what such a model has no use for: the pre-training heads (`cls.…`), position_ids.
 */
export function canonicalName(name: string): string | null {
  const modern = name
    .replace(/\bLayerNorm\.gamma$/, 'LayerNorm.weight')
    .replace(/\bLayerNorm\.beta$/, 'LayerNorm.bias');
  if (/^classifier\.(weight|bias)$/.test(modern)) return modern;
  const bare = modern.replace(/^bert\./, '');
  return encoderParameter.test(bare) ? `bert.${bare}` : null;
}

/** Where a tensor of a TensorFlow checkpoint goes. */
export interface TensorFlowParameter {
  /** Its Hugging Face name. */
  name: string;
  /** Whether it is a linear layer's kernel, [in, out] there and [out, in] here. */
  transposed: boolean;
}

/**
 * @param name as in a checkpoint of Google's BERT, e.g. `bert/encoder/layer_0/attention/self/query/kernel`; a prefix as
 * TensorFlow Hub's `module/` is passed over.
 * @returns null for what `BertForSequenceClassification` has no use for (pre-training heads, the optimiser's moments).
 * Source: transformers' `convert_bert_original_tf_checkpoint_to_pytorch`.
 */
export function fromTensorFlowName(name: string): TensorFlowParameter | null {
  const match = /^(?:module\/)?bert\/(.+)$/.exec(name);
  if (!match) return null;
  const path = match[1]!
    .replace(/^encoder\/layer_(\d+)\//, 'encoder/layer/$1/')
    .replace(/^embeddings\/(word|position|token_type)_embeddings$/, 'embeddings/$1_embeddings/weight')
    .replace(/\/LayerNorm\/gamma$/, '/LayerNorm/weight')
    .replace(/\/LayerNorm\/beta$/, '/LayerNorm/bias')
    .replaceAll('/', '.');
  const transposed = path.endsWith('.kernel');
  const bare = path.replace(/\.kernel$/, '.weight');
  return encoderParameter.test(bare) ? { name: `bert.${bare}`, transposed } : null;
}

const encoderParameter = new RegExp(
  '^(?:' +
    'embeddings\\.(?:(?:word|position|token_type)_embeddings\\.weight|LayerNorm\\.(?:weight|bias))|' +
    'encoder\\.layer\\.\\d+\\.(?:' +
    'attention\\.self\\.(?:query|key|value)|attention\\.output\\.(?:dense|LayerNorm)|' +
    'intermediate\\.dense|output\\.(?:dense|LayerNorm)' +
    ')\\.(?:weight|bias)|' +
    'pooler\\.dense\\.(?:weight|bias)' +
    ')$',
);
