/** What a program can tell the errors of the library apart by. Messages state facts; what to do about them is for the program to say. */
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

/** A model folder, or a file of it, that cannot be used: the message says what is wrong and what to do. */
export class InvalidModelError extends Error {
  override readonly name = 'InvalidModelError';
  readonly code = 'invalid-model' satisfies BertErrorCode;
}

/** The engine that is asked for cannot train here: the message says why. */
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

  /** @param retryAfterSeconds estimated time until there is room. */
  constructor(
    readonly waiting: number,
    readonly retryAfterSeconds: number,
  ) {
    super(`${waiting} sentences wait already. Try again in ${Math.max(1, Math.ceil(retryAfterSeconds))} s.`);
  }
}

/** The deadline passed while the request was still waiting. */
export class DeadlineExceededError extends Error {
  override readonly name = 'DeadlineExceededError';
  readonly code = 'deadline-exceeded' satisfies BertErrorCode;

  constructor() {
    super('The deadline passed before all of the sentences were computed.');
  }
}
