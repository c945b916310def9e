import { asSentence, lessMemory, tryAgain } from '../advice.js';
import { runError, type RunError } from '../run-error.js';

/** With which terminals and service managers end every process of a service: when a training ends is for the service to say. */
export const endingSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** What the training thread did not catch itself. */
export function describeCrash(error: NodeJS.ErrnoException): RunError {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return runError(
      'out-of-memory',
      `The training ran out of memory: ${asSentence(error.message)} ${lessMemory}`,
    );
  }
  const what = asSentence(`${error.name}: ${error.message}`);
  return runError('process-crashed', `The training thread crashed: ${what} ${tryAgain}`);
}

/** The training thread, or the process around it, is gone without a last word. */
export function describeExit(code: number | NodeJS.Signals | null, said = ''): RunError {
  const lastWords = said === '' ? 'It gave no reason' : `It printed: ${said}`;
  if (code === 'SIGKILL') {
    return runError(
      'process-killed',
      'The training process was killed: something sent it SIGKILL, as the system does when memory runs out. ' +
        `${asSentence(lastWords)} ${lessMemory}`,
    );
  }
  const how = typeof code === 'string' ? `was ended by ${code}` : `exited with code ${code}`;
  return runError(
    'process-crashed',
    `The training process ${how}. ${lastWords}; the log of the service may hold more. ${lessMemory}`,
  );
}
