import type { EngineChoice } from '../bert/engines/detect.js';
import type { BertErrorCode } from '../bert/errors.js';

/** What to do where a training takes too much memory. */
const smaller =
  'Take a smaller batchSize with more gradientAccumulationSteps, a smaller maxLength or baseModel';
export const lessMemory = `${smaller}, or give the service more memory.`;

/** What to do where nobody knows why. */
export const tryAgain =
  'Start the run again with POST /train; if it fails again, report it with what the log of the service says.';

const prepare = {
  gpu: 'Run "npm run set-up:gpu" to prepare it (docs/gpu.md).',
  cpu: 'Run "npm run set-up" where pip and a C++ compiler are installed to prepare native TensorFlow.',
};

/** What to do about an error of the library. Null where its message says all: what is wrong with a model names the file to mend. */
const advice: Record<BertErrorCode, string | null> = {
  'invalid-model': null,
  'gpu-engine-not-prepared': prepare.gpu,
  'native-engine-not-prepared': prepare.cpu,
  'native-engine-not-started':
    'Run "npm run set-up" to prepare it anew, or set WELLFORMED_ENGINE=wasm to train small models without it.',
  'wasm-engine-not-started': 'Install the dependencies anew: npm run set-up.',
  'job-too-large-for-wasm': `${smaller}, or prepare native TensorFlow, which has no such bound: npm run set-up.`,
  'job-too-large': lessMemory,
  'job-too-large-now': `${lessMemory} What other programs and loaded models take may be given back later: then try again.`,
  'training-diverged': 'Try a lower learning rate, or a longer warm-up.',
  'queue-full': null,
  'checkpoint-mismatch': 'Start the run again.',
  'deadline-exceeded': null,
};

/** What another program says, where advice is to follow it. */
export function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** The message of an error and, where the library gave it a code, what to do. */
export function withAdvice(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  const what = Object.hasOwn(advice, code) ? advice[code as BertErrorCode] : null;
  return what === null ? error.message : `${error.message} ${what}`;
}

/** Why this engine trains and, where another would be faster, how to get it. */
export function engineReason({ reason, faster }: EngineChoice): string {
  if (!faster) return reason;
  return `${reason} ${faster === 'gpu' ? 'To train on it, run "npm run set-up:gpu" (docs/gpu.md).' : prepare.cpu}`;
}
