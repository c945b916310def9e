import { expect, it } from 'vitest';
import { resultRow } from '../harness/report.mjs';
import { reachAgainstPyTorch, servingTables } from './report.mjs';

it('writes a table of at most five columns for each work', () => {
  const row = (facts) => resultRow({ unit: 'ms', measured: '5 turns', ...facts });
  const rows = [
    row({
      ...{ work: 'BERT-base, 64 clients, fp32: p99', ours: 35, peer: 10, against: 'PyTorch' },
      ...{ kind: 'multiple', reach: { atMost: 3 } },
    }),
    row({ work: "BERT-base, while BERT-base trains: p99 of the event loop's delay", ours: 1, kind: 'value' }),
    row({ work: 'BERT-base, 64 clients, int8: p99', ours: 2, kind: 'value', measured: '6 turns' }),
  ];
  expect(servingTables(rows)).toBe(`**BERT-base, 64 clients** (5 turns)

| what      |  ours | other          | result | reach  |
| --------- | ----: | -------------- | -----: | ------ |
| fp32: p99 | 35 ms | 10 ms, PyTorch |   3.5× | ≤ 3× ✗ |
| int8: p99 |  2 ms |                |   2 ms |        |

int8: p99: 6 turns

**BERT-base, while BERT-base trains** (5 turns)

| what                          | ours | other | result | reach |
| ----------------------------- | ---: | ----- | -----: | ----- |
| p99 of the event loop's delay | 1 ms |       |   1 ms |       |`);
});

it('asks for more where the processor multiplies integers fast', () => {
  expect(reachAgainstPyTorch(['avx2', 'avx512f', 'avx512_vnni'])).toEqual({ fp32: 2, int8: 5 });
  expect(reachAgainstPyTorch(['avx2'])).toEqual({ fp32: 1.1, int8: 1.7 });
});
