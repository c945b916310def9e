import { describe, expect, it } from 'vitest';
import { ProgressMeter } from './progress-meter.js';

describe('ProgressMeter', () => {
  it('knows no rate before the second step', () => {
    const meter = new ProgressMeter(100, 1);
    expect(meter.now).toEqual({ progress: 0, examplesPerSecond: null, secondsLeft: null });
    meter.stepped(10, 5000);
    expect(meter.now).toEqual({ progress: 0.1, examplesPerSecond: null, secondsLeft: null });
  });

  it('tells rate and time left', () => {
    const meter = new ProgressMeter(100, 1);
    meter.stepped(10, 5000);
    meter.stepped(10, 5500);
    meter.stepped(10, 6000);
    expect(meter.now).toEqual({ progress: 0.3, examplesPerSecond: 20, secondsLeft: 3.5 });
  });

  it('counts the evaluations to come, and keeps them out of the rate', () => {
    const meter = new ProgressMeter(40, 2);
    meter.stepped(10, 0);
    meter.stepped(10, 1000);
    meter.evaluated(4000);
    expect(meter.now).toEqual({ progress: 0.5, examplesPerSecond: 10, secondsLeft: 2 + 3 });
    meter.stepped(10, 5000);
    expect(meter.now).toEqual({ progress: 0.75, examplesPerSecond: 10, secondsLeft: 1 + 3 });
    meter.stepped(10, 6000);
    meter.evaluated(9000);
    expect(meter.now).toEqual({ progress: 0.99, examplesPerSecond: 10, secondsLeft: 0 });
  });

  it('goes on while the model is assessed, and is not through before it is registered', () => {
    const meter = new ProgressMeter(20, 1);
    for (let step = 0; step < 2; step++) meter.stepped(10, step * 500);
    meter.evaluated(1000);
    meter.assessed(0, 2000);
    expect(meter.now).toEqual({ progress: 0.99, examplesPerSecond: 20, secondsLeft: null });
    meter.assessed(0.25, 4000);
    expect(meter.now).toMatchObject({ progress: expect.closeTo(0.99225, 9), secondsLeft: 6 });
    meter.assessed(1, 10_000);
    expect(meter.now).toMatchObject({ progress: 0.999, secondsLeft: 0 });
  });

  it('has nothing left to do once the training has stopped early', () => {
    const meter = new ProgressMeter(100, 10);
    for (let step = 0; step < 3; step++) meter.stepped(10, step * 500);
    meter.evaluated(2000);
    expect(meter.now.secondsLeft).toBeGreaterThan(10);
    meter.stopped();
    expect(meter.now).toEqual({ progress: 0.99, examplesPerSecond: 20, secondsLeft: 0 });
    meter.evaluated(3000);
    expect(meter.now.secondsLeft).toBe(0);
  });

  it('shows the rate of the last twenty steps', () => {
    const meter = new ProgressMeter(1000, 1);
    for (let step = 0; step < 30; step++) meter.stepped(10, step * 1000);
    for (let step = 1; step <= 20; step++) meter.stepped(10, 29_000 + step * 500);
    expect(meter.now.examplesPerSecond).toBe(20);
  });
});
