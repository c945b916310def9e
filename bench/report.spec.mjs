import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commit, comparison, epochSeconds, median, stepMilliseconds, table } from './report.mjs';

it('takes the middle value, or the mean of the two middle ones', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 100, 2])).toBe(3);
});

it('gives ratios above 1 where we are ahead', () => {
  expect(comparison('a step', 200, 300, 'ms a step', '9 steps each')).toEqual({
    work: 'a step',
    ours: 200,
    peer: 300,
    unit: 'ms a step',
    ratio: 1.5,
    measured: '9 steps each',
  });
  expect(comparison('a step', 300, 100, 'ms a step', '')).toMatchObject({ ratio: 0.333 });
});

it('is not moved by a step that something else held up', () => {
  const steps = [0.2, 0.21, 7, 0.19, 0.2].map((seconds) => ({ seconds, examples: 32 }));
  expect(stepMilliseconds(steps)).toBeCloseTo(200);
});

it('scales from the sentences that were trained to those of the epoch, short last batch or not', () => {
  const steps = [
    { seconds: 3, examples: 32 },
    { seconds: 1, examples: 8 },
  ];
  expect(epochSeconds(steps, 400)).toBe(40);
});

it('writes a Markdown table', () => {
  const rows = [
    comparison('short', 1234.56, 1500, 'ms a step', '30 steps each'),
    comparison('a longer name', 2, 1, 'MiB', '30 steps each'),
  ];
  expect(table(rows)).toBe(
    [
      '| work          | ours | PyTorch | unit      | ratio | measured      |',
      '| ------------- | ---: | ------: | --------- | ----: | ------------- |',
      '| short         | 1235 |    1500 | ms a step | 1.22× | 30 steps each |',
      '| a longer name |    2 |       1 | MiB       | 0.50× | 30 steps each |',
    ].join('\n'),
  );
});

it('knows no commit outside of a checkout', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wellformed-report-'));
  expect(commit(folder)).toBeNull();
  rmSync(folder, { recursive: true });
});
