/** Start options of an inference thread. */
export interface InferenceWorkerData {
  modelPath: string;
  /** Number of threads that compute one batch. */
  threads: number;
}

/** Sentences to compute together. */
export interface InferenceBatch {
  id: number;
  /** The tokens of all sentences, one sentence after another, without padding. */
  tokenIds: Int32Array<ArrayBuffer>;
  /** Number of tokens of each sentence. */
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
      /** Duration of the computation. */
      seconds: number;
    }
  | { type: 'failed'; id: number; reason: string };
