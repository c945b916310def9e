import { defineConfig, mergeConfig } from 'vitest/config';
import { shared } from './vitest.config.js';

/** `npm run test:operations`: long tests of the built service, one file after another, so that each has the machine to itself. */
export default mergeConfig(
  shared,
  defineConfig({
    test: {
      include: ['test/operations/**/*.spec.ts'],
      fileParallelism: false,
      testTimeout: 600_000,
      hookTimeout: 600_000,
    },
  }),
);
