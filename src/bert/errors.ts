/** A model folder, or a file of it, that cannot be used: the message says what is wrong and what to do. */
export class InvalidModelError extends Error {
  override readonly name = 'InvalidModelError';
}

/** No engine can train as the settings ask for: the message says why and what to do. */
export class EngineUnavailableError extends Error {
  override readonly name = 'EngineUnavailableError';
}
