// npm start: sets up what is missing, then serves.
import { runProgram } from './set-up/program.mjs';

await runProgram('dist/main.js', process.argv.slice(2));
