/**
 * What a parameter's learning rate is multiplied with under layer-wise learning-rate decay d: 1 for the head, d for the top
 * encoder layer, d² for the one below it, …, dᴸ⁺¹ for the embeddings. Howard & Ruder, "Universal language model fine-tuning"
 * (2018, section 3.2); Clark et al., "ELECTRA" (2020) for encoders; layers counted as in BEiT's `get_num_layer_for_vit` (ELECTRA's
 * own code has one more step between head and top layer).
 * @param name the parameter's canonical name
 */
export function layerwiseScale(name: string, numHiddenLayers: number, decay: number): number {
  return decay ** (numHiddenLayers + 1 - layerOf(name, numHiddenLayers));
}

/** Which layer a parameter belongs to, by its canonical name. 0: embeddings, 1: the first encoder layer, …, L + 1: the head. */
export function layerOf(name: string, numHiddenLayers: number): number {
  const layer = /^encoder\.layer\.(\d+)\./.exec(name);
  if (layer) return Number(layer[1]) + 1;
  if (/^embeddings(_project)?\./.test(name)) return 0;
  if (name.startsWith('head.')) return numHiddenLayers + 1;
  throw new Error(`The parameter "${name}" belongs to no layer. This is a bug.`);
}
