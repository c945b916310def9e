import type { AskedHyperparameters } from '../bert/fine-tuning/hyperparameters.js';

/** A field of `POST /train`. */
type Field = keyof AskedHyperparameters | 'baseModel';

/** Each code that the error of a run may have: what it means, and the field to change, if it is always the same one. */
export const runErrors = {
  'base-model-unavailable': { meaning: 'No source gave the base model.', param: 'baseModel' },
  'checkpoint-mismatch': { meaning: 'The checkpoint is that of another training.', param: null },
  'disk-full': { meaning: 'There is no space left on the disk.', param: null },
  'engine-unavailable': { meaning: 'What trains could not be started.', param: null },
  interrupted: { meaning: 'The service stopped during the run.', param: null },
  'invalid-base-model': { meaning: 'The files of the base model cannot be used.', param: 'baseModel' },
  'invalid-hyperparameter': { meaning: 'The base model does not allow this value.', param: null },
  'job-too-large': { meaning: 'The training needs more memory than there is.', param: 'batchSize' },
  'model-not-servable': { meaning: 'The trained model cannot be loaded for predictions.', param: null },
  'out-of-memory': { meaning: 'Memory ran out during the training.', param: 'batchSize' },
  'process-crashed': { meaning: 'The training process ended by itself.', param: null },
  'process-killed': { meaning: 'Something else ended the training process.', param: 'batchSize' },
  'process-not-started': { meaning: 'The system gave no process for the training.', param: null },
  'rows-damaged': { meaning: 'The rows of a data set are not what was stored.', param: null },
  'training-diverged': { meaning: 'The loss became infinite or undefined.', param: 'learningRate' },
  unexpected: { meaning: 'Anything else.', param: null },
  'unknown-base-model': { meaning: 'The name stands for no base model.', param: 'baseModel' },
} as const satisfies Record<string, { meaning: string; param: Field | null }>;

export type RunErrorCode = keyof typeof runErrors;

/** Why a run ended before it was done. */
export interface RunError {
  code: RunErrorCode;
  /** What happened and what to do, for people to read. */
  message: string;
  /** The field of `POST /train` to change; null where none would help, or which one is not known. */
  param: string | null;
}

export function runError(
  code: RunErrorCode,
  message: string,
  param: Field | null = runErrors[code].param,
): RunError {
  return { code, message, param };
}
