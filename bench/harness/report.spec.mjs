import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commit, machine, markdownTable, resultRow } from './report.mjs';

const row = (facts) =>
  resultRow({ work: 'work', unit: 'ms', against: 'PyTorch', measured: '5 turns', ...facts });

it('makes results of two numbers, and compares them with what is to be reached', () => {
  expect(row({ ours: 12.345678, peer: 11.5, kind: 'difference', reach: { atMost: 1 } })).toEqual({
    ...{ work: 'work', ours: 12.35, peer: 11.5, against: 'PyTorch', unit: 'ms', measured: '5 turns' },
    ...{ ratio: 0.932, result: '0.85 ms', reach: '≤ 1 ms', met: true },
  });
  const share = { ours: 80, peer: 100, unit: 'sentences/s', kind: 'share', reach: { atLeast: 90 } };
  expect(row(share)).toMatchObject({ ratio: 0.8, result: '80 %', reach: '≥ 90 %', met: false });
  const faster = { ours: 200, peer: 80, unit: 'sentences/s', kind: 'times', reach: { atLeast: 2 } };
  expect(row(faster)).toMatchObject({ ratio: 2.5, result: '2.5×', reach: '≥ 2×', met: true });
  const sooner = { ours: 10, peer: 19, kind: 'times', less: true, reach: { atLeast: 1.9 } };
  expect(row(sooner)).toMatchObject({ ratio: 1.9, result: '1.9×', met: true });
  const longer = { ours: 35, peer: 10, kind: 'multiple', reach: { atMost: 3 } };
  expect(row(longer)).toMatchObject({ ratio: 0.286, result: '3.5×', reach: '≤ 3×', met: false });
});

it('knows rows without another side, and without anything to be reached', () => {
  const alone = resultRow({
    work: 'errors',
    ours: 0,
    unit: 'errors',
    kind: 'value',
    reach: { atMost: 0 },
    measured: '',
  });
  expect(alone).toMatchObject({ peer: null, against: null, ratio: null, result: '0 errors', met: true });
  expect(row({ ours: 2, peer: 1, kind: 'multiple' })).toMatchObject({ reach: null, met: null });
});

it('writes a Markdown table', () => {
  const cells = [
    ['short', '1235 ms', '1.22×'],
    ['a longer name', '2 MiB', '10.5×'],
  ];
  expect(markdownTable(['work', 'ours', ''], cells, [1, 2])).toBe(
    [
      '| work          |    ours |       |',
      '| ------------- | ------: | ----: |',
      '| short         | 1235 ms | 1.22× |',
      '| a longer name |   2 MiB | 10.5× |',
    ].join('\n'),
  );
});

it('describes the machine', () => {
  const { cpu, cores, instructions } = machine();
  expect(cpu).not.toBe('');
  expect(cores).toBeGreaterThan(0);
  expect(instructions.every((name) => /^a[vm]x/.test(name))).toBe(true);
});

it('knows no commit outside of a checkout', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wellformed-report-'));
  expect(commit(folder)).toBeNull();
  rmSync(folder, { recursive: true });
});
