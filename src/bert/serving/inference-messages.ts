/** What an inference thread is started with. */
export interface InferenceWorkerData {
  modelPath: string;
  /** How many threads compute one batch. */
  threads: number;
}

/** Sentences to compute together. */
export interface InferenceBatch {
  id: number;
  /** The tokens of all sentences, one sentence after another, without padding. */
  tokenIds: Int32Array<ArrayBuffer>;
  /** How many tokens each sentence has. */
  lengths: Int32Array<ArrayBuffer>;
}

export type InferenceAnswer =
  /** The model is loaded and has computed once. */
  | { type: 'ready' }
  /** The model cannot be loaded, or cannot compute. */
  | { type: 'unusable'; reason: string }
  | {
      type: 'logits';
      id: number;
      /** [sentences, 2] */
      logits: Float32Array<ArrayBuffer>;
      /** How long the computation took. */
      seconds: number;
    }
  | { type: 'failed'; id: number; reason: string };
