import { detectEngine, type EnginePreference } from './detect.js';
import type { Engine } from './engine.js';

/** Loads the engine into this thread. Call it where the training runs, never on a thread that must stay free. */
export async function startEngine(preference: EnginePreference): Promise<Engine> {
  const choice = detectEngine(preference);
  if (choice.name === 'tensorflow') {
    const { startTensorFlow } = await import('./tensorflow/index.js');
    return startTensorFlow(choice.packageName);
  }
  const { startWasm } = await import('./wasm/index.js');
  return startWasm();
}
