/** Codes by which a program tells the library's errors apart. Messages state facts. The program says what to do about them. */
export type BertErrorCode =
  | 'invalid-model'
  | EngineErrorCode
  | JobSizeErrorCode
  | 'training-diverged'
  | 'checkpoint-mismatch'
  | 'queue-full'
  | 'deadline-exceeded';

export type EngineErrorCode =
  | 'gpu-engine-not-prepared'
  | 'native-engine-not-prepared'
  | 'native-engine-not-started'
  | 'wasm-engine-not-started';

export type JobSizeErrorCode = 'job-too-large-for-wasm' | 'job-too-large' | 'job-too-large-now';

/** A model folder, or a file in it, cannot be used. The message names the file and says what is wrong with it. */
export class InvalidModelError extends Error {
  override readonly name = 'InvalidModelError';
  readonly code = 'invalid-model' satisfies BertErrorCode;
}

/** The requested engine cannot train here. The message says why. */
export class EngineUnavailableError extends Error {
  override readonly name = 'EngineUnavailableError';

  /** @param packageName the npm package that carries the engine */
  constructor(
    readonly code: EngineErrorCode,
    readonly packageName: string,
    message: string,
  ) {
    super(message);
  }
}

/** A checkpoint belongs to another model, or to other examples. The message says where it differs. */
export class CheckpointMismatchError extends Error {
  override readonly name = 'CheckpointMismatchError';
  readonly code = 'checkpoint-mismatch' satisfies BertErrorCode;

  constructor(difference: string) {
    super(`The checkpoint does not fit this training: ${difference}.`);
  }
}

/** The queue of a model has no room for more sentences. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
  readonly code = 'queue-full' satisfies BertErrorCode;

  /**
   * @param waiting number of sentences in the queue.
   * @param retryAfterSeconds estimated time until there is room.
   */
  constructor(
    readonly waiting: number,
    readonly retryAfterSeconds: number,
  ) {
    super(`${waiting} sentences are already waiting for the model.`);
  }
}

/** The deadline passed while the request was still waiting. */
export class DeadlineExceededError extends Error {
  override readonly name = 'DeadlineExceededError';
  readonly code = 'deadline-exceeded' satisfies BertErrorCode;

  constructor() {
    super('The deadline passed before all sentences were computed.');
  }
}
