import { detectEngine, type EngineChoice, type EnginePreference } from './detect.js';
import type { Engine } from './engine.js';

/** Loads the engine into this thread. Call it where the training runs, never on a thread that must stay free. */
export async function startEngine(wanted: EnginePreference | EngineChoice): Promise<Engine> {
  const choice = typeof wanted === 'string' ? detectEngine(wanted) : wanted;
  if (choice.name === 'tensorflow') {
    const { startTensorFlow } = await import('./tensorflow/index.js');
    return startTensorFlow(choice.packageName);
  }
  const { startWasm } = await import('./wasm/index.js');
  return startWasm();
}
