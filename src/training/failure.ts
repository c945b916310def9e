import { isSpaceError } from '../common/disk-errors.js';
import { withAdvice } from './advice.js';
import type { RunError } from './run.js';

/** What became of a job, for people to read: errors that are made for them say what to do, others are named as they are. */
export function describeFailure(error: unknown): RunError {
  if (!(error instanceof Error)) return { title: unexpected, detail: String(error) };
  const title = titles[error.name];
  if (title) return { title, detail: withAdvice(error) };
  if (isSpaceError(error)) {
    return {
      title: 'The disk is full',
      detail: `${error.message}. Free some space in the data folder (delete models or datasets that are no longer needed), then start the run again.`,
    };
  }
  if (isFullHeap(error)) {
    return {
      title: 'The training ran out of memory',
      detail: `${error.message} Take a smaller batchSize, maxLength or baseModel.`,
    };
  }
  return { title: unexpected, detail: `${error.name}: ${error.message}` };
}

/** Where an error came from, and its causes; undefined where it is one that is made for people. */
export function stackOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || titles[error.name]) return undefined;
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

const unexpected = 'The training failed';

/** By name, since an error class can be loaded twice but its name is what is meant. */
const titles: Record<string, string> = {
  DamagedError: 'The rows are damaged',
  InvalidModelError: 'The base model cannot be used',
  UnknownBaseModelError: 'The base model cannot be used',
  BaseModelUnavailableError: 'The base model could not be downloaded',
  EngineUnavailableError: 'The engine could not be started',
  JobRefusedError: 'The job cannot be done',
  ModelNotServableError: 'The trained model cannot be served',
  JobTooLargeError: 'The job does not fit into memory',
  TrainingDivergedError: 'The training diverged',
};

/** What the WebAssembly engine says when its memory ends, and TensorFlow when it gets none. */
function isFullHeap(error: Error): boolean {
  return (
    (error.name === 'RuntimeError' && error.message.startsWith('Aborted')) ||
    /\bOOM\b|out of memory|Array buffer allocation failed/i.test(error.message)
  );
}
