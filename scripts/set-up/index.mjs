import { build } from './build.mjs';
import { endChildrenOnSignals } from './command.mjs';
import { dependencies } from './dependencies.mjs';
import { engine } from './engine.mjs';
import { takeLock } from './lock.mjs';
import { sqlite } from './sqlite.mjs';

/**
 * The steps in their order. Each step knows whether it is done, may be interrupted at any point, and reports
 * what it did.
 */
export const steps = [dependencies, sqlite, engine, build];

/**
 * Makes this checkout ready to run. Migrations are not a step: the service applies them when it starts.
 *
 * @param {object} [options]
 * @param {string[]} [options.only] names of steps; all by default
 * @param {boolean} [options.retryEngine] try again to prepare a native engine after an earlier set-up fell back to wasm
 * @param {boolean} [options.requireNative] fail unless the native engine is ready
 * @param {boolean} [options.gpu] prepare TensorFlow for NVIDIA GPUs, or fail
 * @param {boolean} [options.cuda] with `gpu`: download the CUDA libraries too. Default: true
 */
export async function setUp({ only, ...options } = {}) {
  const unknown = only?.find((name) => !steps.some((step) => step.name === name));
  if (unknown) {
    throw new Error(
      `There is no step "${unknown}". The steps are: ${steps.map((step) => step.name).join(', ')}.`,
    );
  }
  const chosen = only?.length ? steps.filter((step) => only.includes(step.name)) : steps;
  const stopListening = endChildrenOnSignals();
  const giveBack = await takeLock();
  try {
    for (const [index, step] of chosen.entries()) {
      const started = Date.now();
      const title = `[${index + 1}/${chosen.length}] ${step.name}`;
      console.log(`${title} …`);
      const result = await step.run(options);
      console.log(`${title}: ${result} (${duration(Date.now() - started)})`);
    }
  } finally {
    giveBack();
    stopListening();
  }
}

function duration(milliseconds) {
  return milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
