// node bench/serving/table.mjs FILE: prints the Markdown tables for the output of `npm run bench:serving --
// --out FILE`.
import { readFileSync } from 'node:fs';
import { servingTables } from './report.mjs';

const [file] = process.argv.slice(2);
if (!file) {
  console.error('Usage: node bench/serving/table.mjs FILE');
  process.exit(1);
}
console.log(servingTables(JSON.parse(readFileSync(file, 'utf8')).rows));
