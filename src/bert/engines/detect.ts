import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { EngineUnavailableError } from '../errors.js';
import type { EngineName } from './engine.js';

export type EnginePreference = 'auto' | EngineName;

export interface EngineChoice {
  name: EngineName;
  /** The npm package that carries the backend. */
  packageName: string;
  /** Why this one: for the log, the health page and the run. */
  reason: string;
}

/** Native packages, the better one first. */
const NATIVE_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

const WASM_PACKAGE = '@tensorflow/tfjs-backend-wasm';

/**
 * Which engine a training would use. Looks at files only, so that any thread may ask.
 * @throws EngineUnavailableError if native TensorFlow is asked for and not prepared
 */
export function detectEngine(preference: EnginePreference): EngineChoice {
  if (preference === 'wasm') {
    return {
      name: 'wasm',
      packageName: WASM_PACKAGE,
      reason: 'The settings ask for the WebAssembly engine.',
    };
  }
  const prepared = NATIVE_PACKAGES.find(isPrepared);
  if (prepared) {
    return {
      name: 'tensorflow',
      packageName: prepared,
      reason: `Native TensorFlow is prepared in ${prepared}.`,
    };
  }
  const advice =
    'Run "npm run set-up" where pip and a C++ compiler are installed to prepare native TensorFlow.';
  if (preference === 'tensorflow') {
    throw new EngineUnavailableError(
      `The settings ask for native TensorFlow, and it is not prepared. ${advice}`,
    );
  }
  return {
    name: 'wasm',
    packageName: WASM_PACKAGE,
    reason: `Native TensorFlow is not prepared, so small models train on WebAssembly, slowly. ${advice}`,
  };
}

/** A native package is usable once its addon has been built or downloaded. */
function isPrepared(packageName: string): boolean {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${packageName}/package.json`);
    return existsSync(path.join(path.dirname(manifest), 'lib', 'napi-v8', 'tfjs_binding.node'));
  } catch {
    return false;
  }
}
