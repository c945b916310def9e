import { expect, it } from 'vitest';
import { reachAgainstPyTorch, servingRow, servingTable } from './report.mjs';

const row = (facts) =>
  servingRow({ work: 'work', unit: 'ms', against: 'PyTorch', measured: '5 turns', ...facts });

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
  const alone = servingRow({
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

it('writes a table', () => {
  const rows = [
    row({ ours: 35, peer: 10, kind: 'multiple', reach: { atMost: 3 } }),
    servingRow({ work: 'other work', ours: 1, unit: 's', kind: 'value', measured: 'once' }),
  ];
  expect(servingTable(rows).split('\n')).toEqual([
    '| work       | ours | other | unit | against | result | reach  | measured |',
    '| ---------- | ---: | ----: | ---- | ------- | -----: | ------ | -------- |',
    '| work       |   35 |    10 | ms   | PyTorch |   3.5× | ≤ 3× ✗ | 5 turns  |',
    '| other work |    1 |       | s    |         |    1 s |        | once     |',
  ]);
});

it('asks for more where the processor multiplies integers fast', () => {
  expect(reachAgainstPyTorch(['avx2', 'avx512f', 'avx512_vnni'])).toEqual({ fp32: 2, int8: 5 });
  expect(reachAgainstPyTorch(['avx2'])).toEqual({ fp32: 1.1, int8: 1.7 });
});
