// npm run coverage [-- ARGUMENT …]: runs the tests of src/, or those that the arguments name, and reports
// their coverage of src/.
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { coverageTable } from './coverage-table.mjs';
import { runTests } from './run-tests.mjs';
import { root } from './set-up/places.mjs';
import { runScript } from './set-up/script.mjs';

process.exitCode = await runScript(async () => {
  const report = join(root, 'coverage', 'coverage-summary.json');
  rmSync(report, { force: true });
  const chosen = process.argv.slice(2);
  const code = await runTests(['--coverage', ...(chosen.length ? chosen : ['src'])]);
  if (!existsSync(report)) return code || 1;

  const table = coverageTable(JSON.parse(readFileSync(report, 'utf8')), root);
  console.log(`\n${table}\n\nLine by line: coverage/index.html`);
  // GitHub shows this file on the page of the job.
  const summary = process.env.GITHUB_STEP_SUMMARY;
  if (summary) appendFileSync(summary, `## Coverage of src/ by its own tests\n\n${table}\n`);
  return code;
});
