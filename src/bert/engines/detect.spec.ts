import { describe, expect, it } from 'vitest';
import { EngineUnavailableError } from '../errors.js';
import { detectEngine, type EnginePreference } from './detect.js';

const cpu = '@tensorflow/tfjs-node';
const gpu = '@tensorflow/tfjs-node-gpu';
const wasm = '@tensorflow/tfjs-backend-wasm';

const detect = (preference: EnginePreference, prepared: string[], hasGpu: boolean) =>
  detectEngine(preference, { isPrepared: (name) => prepared.includes(name), seesGpu: () => hasGpu });

describe('the engine is', () => {
  it.each<[EnginePreference, string[], boolean, string, string | RegExp]>([
    ['auto', [cpu], false, cpu, `Native TensorFlow is prepared in ${cpu}.`],
    ['auto', [cpu], true, cpu, /This machine has an NVIDIA GPU, which it does not use\.$/],
    ['auto', [cpu, gpu], true, gpu, /and this machine has an NVIDIA GPU\.$/],
    ['auto', [cpu, gpu], false, cpu, `Native TensorFlow is prepared in ${cpu}.`],
    ['auto', [gpu], false, gpu, /sees no NVIDIA GPU and computes on the CPU/],
    ['auto', [], true, wasm, /small models train on WebAssembly/],
    ['tensorflow', [cpu, gpu], true, gpu, /has an NVIDIA GPU/],
    ['tensorflow-cpu', [cpu, gpu], true, cpu, `Native TensorFlow is prepared in ${cpu}.`],
    ['tensorflow-gpu', [cpu, gpu], false, gpu, /computes on the CPU/],
    ['wasm', [cpu, gpu], true, wasm, /settings ask/],
  ])('for %s, prepared %j, GPU %s: %s', (preference, prepared, hasGpu, packageName, reason) => {
    const choice = detect(preference, prepared, hasGpu);
    expect(choice.packageName).toBe(packageName);
    expect(choice.name).toBe(packageName === wasm ? 'wasm' : 'tensorflow');
    expect(choice.reason).toMatch(reason);
  });

  it.each<[EnginePreference, string[], string]>([
    ['tensorflow', [], 'native-engine-not-prepared'],
    ['tensorflow-cpu', [gpu], 'native-engine-not-prepared'],
    ['tensorflow-gpu', [cpu], 'gpu-engine-not-prepared'],
  ])('unavailable for %s, prepared %j', (preference, prepared, code) => {
    expect(() => detect(preference, prepared, true)).toThrow(EngineUnavailableError);
    expect(() => detect(preference, prepared, true)).toThrow(expect.objectContaining({ code }));
  });
});
