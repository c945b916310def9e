// npm test [-- ARGUMENT …]: sets up what is missing, then runs Vitest. Arguments go to Vitest.
import { runTests } from './run-tests.mjs';
import { runScript } from './set-up/script.mjs';

process.exitCode = await runScript(() => runTests(process.argv.slice(2)));
