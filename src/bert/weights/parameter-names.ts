import { architectures, type Architecture, type ModelType } from '../architectures/index.js';

/**
 * Inside this library, the name of a parameter does not depend on the architecture. This *canonical* name is
 * BERT's own without the prefix `bert.`, or `head.dense` and `head.output` for the classification head. Files
 * use the names of transformers.
 */
const modules = [
  'embeddings.LayerNorm',
  'embeddings_project',
  'encoder.layer.#.attention.self.query',
  'encoder.layer.#.attention.self.key',
  'encoder.layer.#.attention.self.value',
  'encoder.layer.#.attention.output.dense',
  'encoder.layer.#.attention.output.LayerNorm',
  'encoder.layer.#.intermediate.dense',
  'encoder.layer.#.output.dense',
  'encoder.layer.#.output.LayerNorm',
  'head.dense',
  'head.output',
];
const tables = [
  'embeddings.word_embeddings',
  'embeddings.position_embeddings',
  'embeddings.token_type_embeddings',
];

/** The name of a parameter in transformers' classification class. */
export function nameInFile(modelType: ModelType, canonicalName: string): string {
  const { layer, pattern } = withoutLayer(canonicalName);
  return withLayer(names[modelType].inFile.get(pattern)!, layer);
}

/**
 * The canonical name of a tensor in a Hugging Face folder. Names of a bare encoder may lack the prefix, such
 * as `bert.` (all-MiniLM-L6-v2). Old conversions call LayerNorm's weight and bias gamma and beta
 * (bert-base-uncased).
 * @returns null for tensors that classification does not use: heads and generators of the pre-training,
 * poolers that the head does not read, position_ids.
 */
export function canonicalName(modelType: ModelType, name: string): string | null {
  const modern = name
    .replace(/\bLayerNorm\.gamma$/, 'LayerNorm.weight')
    .replace(/\bLayerNorm\.beta$/, 'LayerNorm.bias');
  const { layer, pattern } = withoutLayer(modern);
  const canonical = names[modelType].canonical.get(pattern);
  return canonical === undefined ? null : withLayer(canonical, layer);
}

/** How a tensor of a TensorFlow checkpoint maps to a parameter. */
export interface TensorFlowParameter {
  /** Its canonical name. */
  name: string;
  /** Whether it is the kernel of a linear layer, [in, out] there and [out, in] here. */
  transposed: boolean;
}

/**
 * @param name as in a checkpoint of Google's BERT, e.g. `bert/encoder/layer_0/attention/self/query/kernel`. A
 * prefix such as TensorFlow Hub's `module/` is ignored.
 * @returns null for tensors that classification does not use (pre-training heads, the optimiser's moments).
 * Source: transformers' `convert_bert_original_tf_checkpoint_to_pytorch`.
 */
export function fromTensorFlowName(name: string): TensorFlowParameter | null {
  const match = /^(?:module\/)?(bert\/.+)$/.exec(name);
  if (!match) return null;
  const path = match[1]!
    .replace(/\/layer_(\d+)\//, '/layer/$1/')
    .replace(/\/(word|position|token_type)_embeddings$/, '/$1_embeddings/weight')
    .replaceAll('/', '.');
  const canonical = canonicalName('bert', path.replace(/\.kernel$/, '.weight'));
  return canonical === null ? null : { name: canonical, transposed: path.endsWith('.kernel') };
}

interface Names {
  /** Canonical name → name in the file. # stands for the layer number in both. */
  inFile: ReadonlyMap<string, string>;
  /** Name in the file, with and without the prefix → canonical name. */
  canonical: ReadonlyMap<string, string>;
}

function namesOf({ names: { prefix, renamed } }: Architecture): Names {
  const inFile = new Map<string, string>();
  const canonical = new Map<string, string>();
  const add = (module: string, kind: 'weight' | 'bias') => {
    const stored = `${renamed[module] ?? `${prefix}.${module}`}.${kind}`;
    inFile.set(`${module}.${kind}`, stored);
    canonical.set(stored, `${module}.${kind}`);
    if (stored.startsWith(`${prefix}.`)) canonical.set(stored.slice(prefix.length + 1), `${module}.${kind}`);
  };
  for (const module of tables) add(module, 'weight');
  for (const module of modules) {
    add(module, 'weight');
    add(module, 'bias');
  }
  return { inFile, canonical };
}

const names = Object.fromEntries(
  Object.values(architectures).map((architecture) => [architecture.modelType, namesOf(architecture)]),
) as Record<ModelType, Names>;

function withoutLayer(name: string): { layer: string; pattern: string } {
  const layer = /\.layer\.(\d+)\./.exec(name)?.[1] ?? '';
  return { layer, pattern: name.replace(/\.layer\.\d+\./, '.layer.#.') };
}

function withLayer(pattern: string, layer: string): string {
  return pattern.replace('#', layer);
}
