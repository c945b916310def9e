// node scripts/after-set-up.mjs FILE [ARGUMENT …]: sets up what is missing, then runs a built program.
import { runProgram } from './set-up/program.mjs';

const [file, ...args] = process.argv.slice(2);
await runProgram(file, args);
