import { expect, it } from 'vitest';
import { curvesTable } from './curves-table.mjs';

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
  ).toBe('| seed 1 | 0.500 / 0.300 / 0.200 | 0.400 / 0.600 / 0.600 | 0.600 [0.200, 2.000] |');
});
