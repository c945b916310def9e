import { afterEach, expect, it } from 'vitest';
import { killPrograms } from '../harness/programs.mjs';
import { watchTurns } from '../harness/turns.mjs';
import { TrainingProgram, timeSteps } from './programs.mjs';

afterEach(killPrograms);

/**
 * A program that follows the protocol. It reports that its n-th step took n seconds. Between commands it runs
 * `meanwhile`.
 */
function program(name, meanwhile = '') {
  const source = `
    let step = 0;
    const answer = (message) => {
      const { userCPUTime, systemCPUTime } = process.resourceUsage();
      console.log(JSON.stringify({ ...message, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: 1000 + step }));
    };
    console.log('a library that prints');
    answer({ versions: { of: '${name}' } });
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { steps } = JSON.parse(line);
      if (steps === 13) { console.error('out of luck'); process.exit(1); }
      const seconds = Array.from({ length: steps }, () => ++step);
      answer({ seconds, examples: seconds.map(() => 32), loss: 0 });
    });
    ${meanwhile}`;
  return new TrainingProgram(name, [process.execPath, '-e', source]);
}

it('counts the wanted steps and none of the warm-up, in turns', async () => {
  const [a, b] = [program('a'), program('b')];
  const sides = [
    { program: a, warmup: 2, steps: 5 },
    { program: b, warmup: 0, steps: 3 },
  ];
  const [aSteps, bSteps] = await timeSteps(sides, { rounds: 3 });
  expect(aSteps.map((step) => step.seconds)).toEqual([3, 4, 5, 6, 7]);
  expect(aSteps[0].examples).toBe(32);
  expect(bSteps.map((step) => step.seconds)).toEqual([1, 2, 3]);
  expect(a.about.versions).toEqual({ of: 'a' });
  expect(a.peakBytes).toBe(1007);
  await Promise.all([a.end(), b.end()]);
  await a.end();
});

it('begins no round after the time is up, but does one', async () => {
  const a = program('a');
  const [steps] = await timeSteps([{ program: a, warmup: 0, steps: 9 }], { rounds: 3, limitSeconds: 0 });
  expect(steps).toHaveLength(3);
});

it('says what a program said when it ended', async () => {
  const sides = [{ program: program('a'), warmup: 13, steps: 1 }];
  await expect(timeSteps(sides, { rounds: 1 })).rejects.toThrow(/out of luck/);
  const missing = [
    { program: new TrainingProgram('b', ['a-program-that-is-not-there']), warmup: 0, steps: 1 },
  ];
  await expect(timeSteps(missing, { rounds: 1 })).rejects.toThrow(/ENOENT/);
});

it('notices a program that computes while it should wait', async () => {
  const busy = `
    const compute = () => {
      for (const end = Date.now() + 40; Date.now() < end; );
      setImmediate(compute);
    };
    compute();`;
  const [a, b] = [program('a', busy), program('b')];
  const disturbances = watchTurns('a step', [a, b]);
  await Promise.all([a.start(), b.start()]);
  while (a.idle.cpuSeconds < 0.5) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    await Promise.all([a.train(0), b.train(0)]);
  }
  const idle = disturbances().filter((remark) => remark.includes('in which it waited'));
  expect(idle).toEqual([expect.stringMatching(/^a step: a computed for .* of the .* s in which it waited/)]);
});
