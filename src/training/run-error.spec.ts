import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { runErrors } from './run-error.js';

it('each code is told in docs/api.md, with its meaning and the field to change', () => {
  const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const table = page
    .split('\n')
    .slice(page.split('\n').findIndex((line) => /^\| `code` +\| meaning/.test(line)) + 2);
  const rows = table.slice(0, table.indexOf('')).map((line) => line.split('|').map((cell) => cell.trim()));
  expect(rows.map(([, code, meaning, param]) => [code, meaning, param])).toEqual(
    Object.entries(runErrors).map(([code, { meaning, param }]) => [
      `\`${code}\``,
      meaning,
      param === null ? '' : `\`${param}\``,
    ]),
  );
});
