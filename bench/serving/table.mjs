// node bench/serving/table.mjs FILE: the Markdown table of what `npm run bench:serving -- --out FILE` wrote.
import { readFileSync } from 'node:fs';
import { servingTable } from './report.mjs';

const [file] = process.argv.slice(2);
if (!file) {
  console.error('Usage: node bench/serving/table.mjs FILE');
  process.exit(1);
}
console.log(servingTable(JSON.parse(readFileSync(file, 'utf8')).rows));
