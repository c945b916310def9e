import { describe, expect, it } from 'vitest';
import { chosenServingWorks, readServingOptions } from './works.mjs';

const names = (options) => chosenServingWorks({ quick: false, only: [], ...options }).map(({ name }) => name);

describe('chosenServingWorks', () => {
  it('takes all, or with --quick those of BERT-base, or those that are asked for', () => {
    expect(names({})).toHaveLength(7);
    expect(names({ quick: true }).every((name) => name.startsWith('BERT-base, '))).toBe(true);
    expect(names({ quick: true, only: ['MiniLM'] })).toEqual([
      'MiniLM-L6, one sentence, one client',
      'MiniLM-L6, 64 clients',
    ]);
    expect(names({ only: ['nothing'] })).toEqual([]);
  });

  it('measures less with --quick', () => {
    const [work] = chosenServingWorks({ quick: true, only: [] });
    expect(work.measure).toBe(work.quick);
  });
});

describe('readServingOptions', () => {
  it('has none by default', () => {
    expect({ ...readServingOptions([]) }).toEqual({ quick: false, only: [], compile: false });
  });

  it('says how it is used', () => {
    expect(() => readServingOptions(['--fast'])).toThrow(
      /Unknown option '--fast'.*Usage: npm run bench:serving/s,
    );
    expect(() => readServingOptions(['--threads', 'two'])).toThrow('--threads is "two"');
  });
});
