import { detectEngine, type EnginePreference } from '../../src/bert/engines/detect.js';

const asked = (process.env.WELLFORMED_ENGINE ?? 'auto') as EnginePreference;
const isNative = detectEngine(asked).name === 'tensorflow';

/** Native TensorFlow, as `WELLFORMED_ENGINE` asks for it (`npm run test:gpu` does) or as a training would take it; undefined where there is none. */
export const nativeEngine: EnginePreference | undefined = isNative
  ? asked === 'auto'
    ? 'tensorflow'
    : asked
  : undefined;

/** What the tests of `bert/` train on: native TensorFlow where it is prepared, and WebAssembly. */
export const engines: EnginePreference[] = nativeEngine ? [nativeEngine, 'wasm'] : ['wasm'];
