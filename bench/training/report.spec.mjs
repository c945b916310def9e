import { expect, it } from 'vitest';
import { resultRow } from '../harness/report.mjs';
import { curvesTable, epochSeconds, stepMilliseconds, trainingTable } from './report.mjs';

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

it('gives ratios above 1 where we are ahead', () => {
  const row = (work, ours, peer, unit) =>
    resultRow({ work, ours, peer, unit, kind: 'times', less: true, measured: '30 steps each' });
  expect(trainingTable([row('step', 1234.56, 1500, 'ms a step'), row('memory', 2, 1, 'MiB')])).toBe(
    [
      '| work   |           ours |        PyTorch | ratio | measured      |',
      '| ------ | -------------: | -------------: | ----: | ------------- |',
      '| step   | 1235 ms a step | 1500 ms a step | 1.22× | 30 steps each |',
      '| memory |          2 MiB |          1 MiB | 0.50× | 30 steps each |',
    ].join('\n'),
  );
});

it('shows each run with the interval of its best epoch, the first where two are equal', () => {
  const epochs = [
    { trainingLoss: 0.5, mcc: 0.4, confusionMatrix: { of: 1 } },
    { trainingLoss: 0.3, mcc: 0.6, confusionMatrix: { of: 2 } },
    { trainingLoss: 0.2, mcc: 0.6, confusionMatrix: { of: 3 } },
  ];
  const interval = ({ of }) => ({ lower: of / 10, upper: of });
  expect(
    curvesTable([{ name: 'seed 1', epochs }], interval)
      .split('\n')
      .at(-1),
  ).toBe('| seed 1 | 0.500 / 0.300 / 0.200  | 0.400 / 0.600 / 0.600 | 0.600 [0.200, 2.000] |');
});
