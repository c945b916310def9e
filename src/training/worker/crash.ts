import type { RunError } from '../run.js';

/** With which terminals and service managers end every process of a service: when a training ends is for the service to say. */
export const endingSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

const advice = 'Try a smaller batchSize, maxLength or baseModel, or give the service more memory.';

/** What the training thread did not catch itself. */
export function describeCrash(error: NodeJS.ErrnoException): RunError {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return { title: 'The training ran out of memory', detail: `${error.message}. ${advice}` };
  }
  return { title: 'The training thread crashed', detail: `${error.name}: ${error.message}` };
}

/** The training thread, or the process around it, is gone without a last word. */
export function describeExit(code: number | NodeJS.Signals | null, said = ''): RunError {
  const lastWords = said === '' ? 'It gave no reason' : `It printed: ${said}`;
  if (code === 'SIGKILL') {
    return {
      title: 'The training process was killed',
      detail: `Something sent it SIGKILL. The system does so when memory runs out. ${lastWords}. ${advice}`,
    };
  }
  const how = typeof code === 'string' ? `was ended by ${code}` : `exited with code ${code}`;
  return {
    title: 'The training process ended early',
    detail: `It ${how}. ${lastWords}; the log of the service may hold more. ${advice}`,
  };
}
