import { expect, it } from 'vitest';
import { chosenWorks, readOptions } from './options.mjs';

const own = {
  quick: { text: 'sooner' },
  compile: { type: 'boolean', default: false, text: 'compiles' },
};
const read = (...args) => ({ ...readOptions(args, 'npm run bench', own) });

it('reads the common options and those of one benchmark', () => {
  expect(read()).toEqual({ quick: false, only: [], compile: false });
  expect(read('--only', 'a', '--only', 'b', '--compile', '--threads', '2')).toEqual({
    ...{ quick: false, only: ['a', 'b'], compile: true, threads: '2' },
  });
});

it('refuses what it does not know, and says which options there are', () => {
  expect(() => read('--fast')).toThrow(
    /Unknown option '--fast'.*Usage: npm run bench .*--quick +sooner\n.*--out FILE .*--compile +compiles/s,
  );
  expect(() => read('--threads', 'two')).toThrow('--threads is "two"');
});

it('takes the works that are named, or those that run by default', () => {
  const work = (name, also) => ({ name, also, measure: { steps: 9 }, quick: { steps: 1 } });
  const works = [work('base, step', 'memory'), work('small, step')];
  const choice = { names: ({ name, also }) => [name, also], byDefault: ({ name }) => name !== 'small, step' };
  const names = (options) =>
    chosenWorks(works, { quick: false, only: [], ...options }, choice).map((one) => one.name);
  expect(names({})).toEqual(['base, step']);
  expect(names({ only: ['step'] })).toEqual(['base, step', 'small, step']);
  expect(names({ only: ['memory'] })).toEqual(['base, step']);
  expect(names({ only: ['nothing'] })).toEqual([]);
  expect(chosenWorks(works, { quick: true, only: [] })[1].measure).toEqual({ steps: 1 });
});
