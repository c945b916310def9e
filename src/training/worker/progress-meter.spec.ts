import { describe, expect, it } from 'vitest';
import type { RunSeconds } from '../run-cost.js';
import { ProgressMeter, type MeteredWork } from './progress-meter.js';

/** Ten steps an epoch of ten examples each, and hardly anything to judge or to write. */
const work: MeteredWork = {
  batchesPerEpoch: 10,
  stepsPerEpoch: 10,
  totalSteps: 20,
  totalExamples: 200,
  evaluations: 2,
  evaluationSteps: null,
  tokensOfSteps: () => new Array<number>(10).fill(100),
  judgedTokens: 0,
  weightBytes: 0,
};
/** What a run of a model without weights and without rows to judge takes for its closing. */
const CLOSING = 0.5;

/** A meter, and steps of ten examples on it: each a number of milliseconds after what was before. */
function started(
  changes: Partial<MeteredWork> = {},
  ...others: [expected?: RunSeconds, before?: { step: number; evaluations: number }]
) {
  const [expected = null, before] = others;
  const meter = new ProgressMeter({ ...work, ...changes }, expected, before);
  let now = 5000;
  let step = before?.step ?? 0;
  return {
    meter,
    take: (...milliseconds: number[]) => {
      for (const taken of milliseconds) meter.stepped({ step: ++step, examples: 10 }, (now += taken));
    },
    evaluate: (milliseconds: number) => meter.evaluated((now += milliseconds)),
    after: (milliseconds: number) => (now += milliseconds),
  };
}

describe('ProgressMeter', () => {
  it('knows no rate before the second step', () => {
    const { meter, take } = started();
    expect(meter.now).toEqual({ progress: 0, examplesPerSecond: null, secondsLeft: null });
    take(900);
    expect(meter.now).toEqual({ progress: 0.05, examplesPerSecond: null, secondsLeft: null });
  });

  it('tells the rate, and the time of the steps and of the closing that are left', () => {
    const { meter, take } = started({ evaluations: 0 });
    take(900, 500, 500);
    // A step is told of once the next one is computed: 16 are left.
    expect(meter.now).toEqual({ progress: 0.15, examplesPerSecond: 20, secondsLeft: 16 * 0.5 + CLOSING });
  });

  it('goes by tokens, since long batches take long', () => {
    const { meter, take } = started({
      evaluations: 0,
      totalSteps: 10,
      tokensOfSteps: () => [50, 50, 50, 100, 300, 300, 300, 300, 300, 250],
    });
    take(900, 100, 200);
    expect(meter.now.secondsLeft).toBeCloseTo(1750 / 500 + CLOSING, 9);
    take(600);
    expect(meter.now.secondsLeft).toBeCloseTo(1450 / 500 + CLOSING, 9);
  });

  it('begins with what was expected, and goes by what is measured', () => {
    const expected = { preparing: 9, training: 40, evaluating: 6, closing: 7 };
    const { meter, take, evaluate } = started({ judgedTokens: 300 }, expected);
    expect(meter.now).toEqual({ progress: 0, examplesPerSecond: null, secondsLeft: 40 + 6 + 7 });
    take(2000, 1000);
    // The steps are twice as fast; no evaluation was seen yet.
    expect(meter.now.secondsLeft).toBeCloseTo(17 + 6 + 7, 9);
    take(...new Array<number>(7).fill(1000), 0);
    expect(meter.now.secondsLeft).toBeCloseTo(10 + 6 + 7, 9);
    evaluate(4000);
    expect(meter.now.secondsLeft).toBeCloseTo(10 + 4 + 7, 9);
  });

  it('takes an evaluation for a third of a training on its rows, and its weights to be written', () => {
    const { meter, take } = started({ judgedTokens: 600, weightBytes: 300e6 });
    take(900, 1000);
    // Ten seconds a thousand tokens; the weights take two seconds, and the closing has three times as much to do with them.
    expect(meter.now.secondsLeft).toBeCloseTo(17 + 2 * (2 + 2) + (CLOSING + 3 * 2 + 2), 9);
  });

  it('counts the evaluations to come, and keeps them out of the rate', () => {
    const { meter, take, evaluate } = started();
    take(900, ...new Array<number>(8).fill(1000), 0);
    evaluate(3000);
    expect(meter.now).toEqual({
      progress: 0.5,
      examplesPerSecond: expect.closeTo(90 / 8),
      secondsLeft: 10 + 3 + CLOSING,
    });
    // The first step after it is told of once two are computed.
    take(2000);
    expect(meter.now.secondsLeft).toBeCloseTo(8 + 3 + CLOSING, 9);
    take(...new Array<number>(8).fill(1000), 0);
    evaluate(5000);
    expect(meter.now.secondsLeft).toBe(CLOSING);
    expect(meter.now.progress).toBe(0.99);
  });

  it('begins where a checkpoint has left off', () => {
    const { meter, take, evaluate } = started({}, undefined, { step: 12, evaluations: 1 });
    expect(meter.now).toEqual({ progress: 0.6, examplesPerSecond: null, secondsLeft: null });
    take(900, 1000);
    expect(meter.now.progress).toBe(0.7);
    expect(meter.now.secondsLeft).toBeCloseTo(5 + CLOSING, 9);
    take(1000, 1000, 1000, 1000, 1000, 0);
    evaluate(500);
    expect(meter.now).toMatchObject({ progress: 0.99, secondsLeft: CLOSING });
    const resumed = started(
      { judgedTokens: 300 },
      { preparing: 0, training: 20, evaluating: 4, closing: 3 },
      { step: 10, evaluations: 1 },
    );
    expect(resumed.meter.now.secondsLeft).toBeCloseTo(10 + 2 + 3, 9);
  });

  it('goes on while the model is exported and assessed, and is not through before it is registered', () => {
    const expected = { preparing: 0, training: 20, evaluating: 0, closing: 10 };
    const { meter, take, evaluate, after } = started({}, expected);
    take(1000, ...new Array<number>(8).fill(1000), 0);
    evaluate(1000);
    take(2000, ...new Array<number>(8).fill(1000), 0);
    evaluate(1000);
    meter.exporting(after(0));
    expect(meter.now).toMatchObject({ progress: 0.99, secondsLeft: 10 });
    meter.assessed(0, after(2000));
    expect(meter.now).toMatchObject({ progress: 0.99, secondsLeft: 8 });
    meter.assessed(0.25, after(1000));
    expect(meter.now).toMatchObject({ progress: expect.closeTo(0.99225, 9), secondsLeft: 3 + 4 });
    meter.assessed(1, after(3000));
    expect(meter.now).toMatchObject({ progress: 0.999, secondsLeft: 4 });
  });

  it('has only the closing left once the training has stopped early', () => {
    const { meter, take, evaluate } = started();
    take(900, ...new Array<number>(8).fill(1000), 0);
    evaluate(2000);
    expect(meter.now.secondsLeft).toBeGreaterThan(10);
    meter.stopped();
    expect(meter.now).toMatchObject({ progress: 0.99, secondsLeft: CLOSING });
  });

  it('shows the rate of the last twenty steps', () => {
    const { meter, take } = started({
      stepsPerEpoch: 100,
      totalSteps: 100,
      tokensOfSteps: () => new Array<number>(100).fill(1),
    });
    take(...new Array<number>(30).fill(1000), ...new Array<number>(20).fill(500));
    expect(meter.now.examplesPerSecond).toBe(20);
  });
});
