import swc from 'unplugin-swc';
import { configDefaults, defineConfig, mergeConfig } from 'vitest/config';
import { startsCompiled } from './test/support/compiled.js';

/** What all tests share; `npm run test:operations` builds on it too. */
export const shared = defineConfig({
  test: {
    // Native addons (TensorFlow, SQLite, ONNX Runtime) want a process of their own per file.
    pool: 'forks',
    globalSetup: 'test/support/compiled.ts',
    // Threads of the WebAssembly engine wait for each other, long where tests share processors. Its own tests ask for threads.
    env: { OMP_NUM_THREADS: '1', ORT_DISABLE_TELEMETRY: '1' },
  },
  plugins: [startsCompiled(), swc.vite({ module: { type: 'es6' } })],
});

/** Tests of plain functions: they share processes, which start once and not for each file. */
const plain = [
  'src/{api,auth,common,config,http,logging,tracing}/**/*.spec.ts',
  'src/datasets/{reading,statistics}/**/*.spec.ts',
  'src/bert/{evaluation,tokenizer}/**/*.spec.ts',
  'src/sweeps/**/*.spec.ts',
  'scripts/**/*.spec.mjs',
  'samples/**/*.spec.mjs',
];

export default mergeConfig(
  shared,
  defineConfig({
    test: {
      maxWorkers: 2,
      testTimeout: 60_000,
      hookTimeout: 120_000,
      // `npm run coverage`.
      coverage: {
        include: ['src/**/*.ts'],
        exclude: ['src/**/*.spec.ts'],
        reporter: ['html', 'json-summary'],
        // A test that fails is no reason to say nothing.
        reportOnFailure: true,
      },
      projects: [
        { extends: true, test: { name: 'plain', include: plain, isolate: false } },
        {
          extends: true,
          test: {
            name: 'whole',
            include: ['src/**/*.spec.ts', 'test/**/*.spec.ts', 'bench/**/*.spec.mjs'],
            // Those of operations take long, or need more than Node: `npm run test:operations`.
            exclude: [...configDefaults.exclude, 'test/operations/**', ...plain],
          },
        },
      ],
    },
  }),
);
