import { isSpaceError } from '../common/disk-errors.js';
import { asSentence, lessMemory, tryAgain, withAdvice } from './advice.js';
import { runError, type RunError, type RunErrorCode } from './run-error.js';

/** What became of a job: errors that are made for people say what to do, others are named as they are. */
export function describeFailure(error: unknown): RunError {
  if (!(error instanceof Error)) return unexpected(String(error));
  const code = Object.hasOwn(codes, error.name) ? codes[error.name] : undefined;
  if (code) {
    // Some name the field themselves.
    const { param } = error as { param?: Parameters<typeof runError>[2] };
    return runError(code, `${prefixes[code] ?? ''}${withAdvice(error)}`, param);
  }
  if (isSpaceError(error)) {
    return runError(
      'disk-full',
      `The disk is full: ${asSentence(error.message)} Free some space in the data folder (delete models or datasets that are no longer ` +
        'needed), then start the run again.',
    );
  }
  if (isFullHeap(error)) {
    return runError(
      'out-of-memory',
      `The training ran out of memory: ${asSentence(error.message)} ${lessMemory}`,
    );
  }
  return unexpected(`${error.name}: ${error.message}`);
}

function unexpected(what: string): RunError {
  return runError('unexpected', `The training failed: ${asSentence(what)} ${tryAgain}`);
}

/** Where an error came from, and its causes; undefined where it is one that is made for people. */
export function stackOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || Object.hasOwn(codes, error.name)) return undefined;
  const stacks: string[] = [];
  for (
    let cause: unknown = error;
    cause instanceof Error && stacks.length < MOST_CAUSES;
    cause = cause.cause
  ) {
    stacks.push(cause.stack ?? String(cause));
  }
  return stacks.join('\nCaused by: ').slice(0, LONGEST_STACK);
}

const MOST_CAUSES = 5;
const LONGEST_STACK = 20_000;

/** By name, since an error class can be loaded twice but its name is what is meant. */
const codes: Record<string, RunErrorCode> = {
  DamagedError: 'rows-damaged',
  InvalidModelError: 'invalid-base-model',
  UnknownBaseModelError: 'unknown-base-model',
  BaseModelUnavailableError: 'base-model-unavailable',
  EngineUnavailableError: 'engine-unavailable',
  JobRefusedError: 'invalid-hyperparameter',
  ModelNotServableError: 'model-not-servable',
  JobTooLargeError: 'job-too-large',
  TrainingDivergedError: 'training-diverged',
  CheckpointMismatchError: 'checkpoint-mismatch',
};

/** What happened, where the message of the error says only what is wrong with a file. */
const prefixes: { [Code in RunErrorCode]?: string } = {
  'invalid-base-model': 'The base model cannot be used: ',
  'model-not-servable': 'The trained model cannot be served: ',
};

/** What the WebAssembly engine says when its memory ends, and TensorFlow when it gets none. */
function isFullHeap(error: Error): boolean {
  return (
    (error.name === 'RuntimeError' && error.message.startsWith('Aborted')) ||
    /\bOOM\b|out of memory|Array buffer allocation failed/i.test(error.message)
  );
}
