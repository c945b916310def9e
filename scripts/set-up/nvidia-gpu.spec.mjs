import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seesNvidiaGpu as engineSees } from '../../src/bert/engines/detect.js';
import { seesNvidiaGpu as setUpSees } from './nvidia-gpu.mjs';

// Set-up runs before the build, so it cannot use the engine's function. Both must give the same answer.
describe.runIf(process.platform === 'linux').each([
  ['set-up', setUpSees],
  ['the engine', engineSees],
])('%s', (_who, seesNvidiaGpu) => {
  const sees = (files, env = {}) => {
    const root = mkdtempSync(join(tmpdir(), 'wellformed-gpu-'));
    try {
      for (const file of files) {
        mkdirSync(dirname(join(root, file)), { recursive: true });
        writeFileSync(join(root, file), '');
      }
      return seesNvidiaGpu(root, env);
    } finally {
      rmSync(root, { recursive: true });
    }
  };
  const card = ['dev/null', 'dev/nvidiactl', 'dev/nvidia0'];

  it('sees a GPU by its device file', () => {
    expect(sees(card)).toBe(true);
    expect(sees(['dev/nvidia12'])).toBe(true);
    expect(sees(['dev/null'])).toBe(false);
    expect(sees(['dev/nvidiactl', 'dev/nvidia-uvm'])).toBe(false);
    expect(sees([])).toBe(false);
  });

  it("sees a GPU under WSL by Windows' driver", () => {
    expect(sees(['dev/dxg', 'usr/lib/wsl/lib/libcuda.so.1'])).toBe(true);
    expect(sees(['dev/dxg'])).toBe(false);
  });

  it('does not see what CUDA_VISIBLE_DEVICES hides', () => {
    for (const visible of ['0', '1,0', 'GPU-8932f937'])
      expect(sees(card, { CUDA_VISIBLE_DEVICES: visible })).toBe(true);
    for (const visible of ['', ' ', '-1', '-1,0'])
      expect(sees(card, { CUDA_VISIBLE_DEVICES: visible })).toBe(false);
  });
});
