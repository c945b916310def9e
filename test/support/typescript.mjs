// Lets worker threads that tests start load the TypeScript sources: Vitest itself transforms them for the main thread only.
// vitest.config.ts puts it into `execArgv`, which threads inherit.
import { register } from 'node:module';

register('./typescript-loader.mjs', import.meta.url);
