/** What a fine-tuning may be told. The defaults are the article's (see docs/results.md). */
export interface Hyperparameters {
  epochs: number;
  batchSize: number;
  learningRate: number;
  /** Longest sequence in tokens, [CLS] and [SEP] counted; longer sentences are cut. */
  maxLength: number;
  /** Share of all steps in which the learning rate climbs from 0 to its peak. */
  warmupRatio: number;
  /** Decoupled decay (Loshchilov & Hutter, 2019) of all weights but biases and LayerNorm. */
  weightDecay: number;
  dropout: number;
  maxGradientNorm: number;
  seed: number;
}
