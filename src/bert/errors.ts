/** A model folder, or a file of it, that cannot be used: the message says what is wrong and what to do. */
export class InvalidModelError extends Error {
  override readonly name = 'InvalidModelError';
}

/** No engine can train as the settings ask for: the message says why and what to do. */
export class EngineUnavailableError extends Error {
  override readonly name = 'EngineUnavailableError';
}

/** More sentences wait already than a model may have waiting. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';

  /** @param retryAfterSeconds estimate of when there will be room. */
  constructor(
    readonly waiting: number,
    readonly retryAfterSeconds: number,
  ) {
    super(`${waiting} sentences wait already. Try again in ${Math.max(1, Math.ceil(retryAfterSeconds))} s.`);
  }
}

/** A request still waited when it should have been answered. */
export class DeadlineExceededError extends Error {
  override readonly name = 'DeadlineExceededError';

  constructor() {
    super('The deadline passed before all of the sentences were computed.');
  }
}
