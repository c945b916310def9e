export const scheduleNames = ['linear', 'cosine', 'constant'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

/**
 * The learning rate after the warm-up, relative to its peak, as a function of the share of steps left: 1 to
 * 0.
 */
const shapes: Record<ScheduleName, (left: number) => number> = {
  linear: (left) => left,
  // Loshchilov & Hutter, "SGDR" (2017), one period without restarts.
  cosine: (left) => 0.5 * (1 + Math.cos(Math.PI * (1 - left))),
  constant: () => 1,
};

/**
 * The learning rate rises linearly from 0 during the warm-up. Then it stays constant, or falls to 0 linearly
 * or as a half cosine: `get_{linear,cosine,constant}_schedule_with_warmup` of transformers.
 */
export class LearningRateSchedule {
  readonly warmupSteps: number;

  constructor(
    private readonly name: ScheduleName,
    private readonly peak: number,
    private readonly totalSteps: number,
    warmupRatio: number,
  ) {
    this.warmupSteps = Math.ceil(totalSteps * warmupRatio);
  }

  /** The rate for a step. Steps count from 1. */
  learningRate(step: number): number {
    const done = step - 1;
    if (done < this.warmupSteps) return (this.peak * done) / Math.max(1, this.warmupSteps);
    const left = Math.max(0, this.totalSteps - done) / Math.max(1, this.totalSteps - this.warmupSteps);
    return this.peak * shapes[this.name](left);
  }
}

/**
 * The factor for a parameter's learning rate under layer-wise decay d: 1 for the head, d for the top encoder
 * layer, d² for the one below it, …, dᴸ⁺¹ for the embeddings. Source: Howard & Ruder, "Universal language
 * model fine-tuning" (2018, section 3.2); Clark et al., "ELECTRA" (2020) for encoders. Layers are counted as
 * in BEiT's `get_num_layer_for_vit` (ELECTRA's own code has one more step between head and top layer).
 * @param name the parameter's canonical name
 */
export function layerwiseScale(name: string, numHiddenLayers: number, decay: number): number {
  return decay ** (numHiddenLayers + 1 - layerOf(name, numHiddenLayers));
}

/**
 * The layer of a parameter, by its canonical name. 0: embeddings, 1: the first encoder layer, …, L + 1: the
 * head.
 */
export function layerOf(name: string, numHiddenLayers: number): number {
  const layer = /^encoder\.layer\.(\d+)\./.exec(name);
  if (layer) return Number(layer[1]) + 1;
  if (/^embeddings(_project)?\./.test(name)) return 0;
  if (name.startsWith('head.')) return numHiddenLayers + 1;
  throw new Error(`The parameter "${name}" belongs to no layer. This is a bug.`);
}
