import { detectEngine, type EnginePreference } from '../../src/bert/engines/detect.js';

const asked = (process.env.WELLFORMED_ENGINE ?? 'auto') as EnginePreference;
const isNative = detectEngine(asked).name === 'tensorflow';

/**
 * Native TensorFlow if it is prepared, as `WELLFORMED_ENGINE` requests it (`npm run test:gpu` sets this) or
 * as a training would choose it. Otherwise undefined.
 */
export const nativeEngine: EnginePreference | undefined = isNative
  ? asked === 'auto'
    ? 'tensorflow'
    : asked
  : undefined;

/** The engines on which the tests of `bert/` train: native TensorFlow if it is prepared, and WebAssembly. */
export const engines: EnginePreference[] = nativeEngine ? [nativeEngine, 'wasm'] : ['wasm'];
