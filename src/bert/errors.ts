/** A model folder, or a file in it, cannot be used. The message says what is wrong and what to do. */
export class InvalidModelError extends Error {
  override readonly name = 'InvalidModelError';
}

/** No engine can train with these settings. The message says why and what to do. */
export class EngineUnavailableError extends Error {
  override readonly name = 'EngineUnavailableError';
}

/** The queue of a model has no room for more sentences. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';

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

  constructor() {
    super('The deadline passed before all of the sentences were computed.');
  }
}
