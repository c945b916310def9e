import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../packages/client/src/index.js';
import { seenAfter, type Seen } from '../../web/src/seen.js';

const step = (id: number, step: number, loss: number) =>
  ({
    id,
    type: 'step',
    data: { step, loss, epoch: 1, learningRate: 1e-4, gradientNorm: 1, progress: 0 },
  }) as RunEvent;
const resumed = (id: number, step: number) =>
  ({ id, type: 'resumed', data: { attempt: 2, step, epoch: 1, isExact: true, note: null } }) as RunEvent;

const nothing: Seen = { points: [], latest: {} };
const curveOf = ({ points }: Seen) => points.map(({ step, loss }) => [step, loss]);

describe('what the stream of a run has told', () => {
  it('is its curve, and how it stands at the last step', () => {
    const seen = seenAfter(seenAfter(nothing, [step(1, 1, 0.7)]), [step(2, 3, 0.6), step(3, 4, 0.5)]);
    expect(curveOf(seen)).toEqual([
      [1, 0.7],
      [3, 0.6],
      [4, 0.5],
    ]);
    expect(seen.latest).toMatchObject({ step: 4, loss: 0.5 });
  });

  it('ends at the checkpoint where the run is taken up again, in the same batch or in a later one', () => {
    const before = [step(1, 1, 0.7), step(2, 2, 0.6), step(3, 3, 0.5)];
    const back = seenAfter(nothing, [...before, resumed(4, 2)]);
    expect(back).toEqual(seenAfter(seenAfter(nothing, before), [resumed(4, 2)]));
    expect(curveOf(back)).toEqual([
      [1, 0.7],
      [2, 0.6],
    ]);
    expect(back.latest).toEqual({});
    expect(curveOf(seenAfter(back, [step(5, 3, 0.4)])).at(-1)).toEqual([3, 0.4]);
    expect(curveOf(seenAfter(back, [resumed(5, 0)]))).toEqual([]);
  });
});
