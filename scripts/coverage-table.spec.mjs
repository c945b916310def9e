import { expect, it } from 'vitest';
import { coverageTable } from './coverage-table.mjs';

const counts = (lines, covered) => ({
  lines: { total: lines, covered },
  branches: { total: 0, covered: 0 },
});

it('adds up the files of each folder', () => {
  const report = {
    total: counts(20, 11),
    '/a/src/main.ts': counts(4, 0),
    '/a/src/bert/config.ts': counts(4, 3),
    '/a/src/bert/kernels/gelu.ts': counts(12, 8),
  };
  expect(coverageTable(report, '/a').split('\n').slice(2)).toEqual([
    '| src/*.ts | 0.0 % | – |',
    '| src/bert/ | 68.8 % | – |',
    '| all | 55.0 % | – |',
  ]);
});
