import swc from 'unplugin-swc';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.spec.ts', 'test/**/*.spec.ts', 'scripts/**/*.spec.mjs', 'bench/**/*.spec.mjs'],
    // Native addons (TensorFlow, SQLite, ONNX Runtime) want a process of their own per file.
    pool: 'forks',
    // Threads that the tests start load the TypeScript sources too.
    execArgv: ['--import', new URL('test/support/typescript.mjs', import.meta.url).href],
    maxWorkers: 2,
    // Threads of the WebAssembly engine wait for each other, long where tests share processors. Its own tests ask for threads.
    env: { OMP_NUM_THREADS: '1', ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
  plugins: [swc.vite({ module: { type: 'es6' } })],
});
