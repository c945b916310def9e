import { describe, expect, it } from 'vitest';
import { decidePromotion, type Contender } from './promotion.js';

const current: Contender = { id: 'mdl_old', mcc: 0.5, validation: 'same' };
const candidate = (mcc: number, validation = 'same'): Contender => ({ id: 'mdl_new', mcc, validation });

describe('decidePromotion', () => {
  it.each([
    ['auto', candidate(0.1), null, true],
    ['always', candidate(0.1), null, true],
    ['never', candidate(0.9), null, false],
    ['auto', candidate(0.51), current, true],
    ['auto', candidate(0.5), current, false],
    ['auto', candidate(0.49), current, false],
    ['auto', candidate(0.9, 'other'), current, false],
    ['always', candidate(0.1, 'other'), current, true],
    ['never', candidate(0.9), current, false],
  ] as const)('%s, %o against %o: %s', (rule, newcomer, holder, promoted) => {
    expect(decidePromotion(rule, newcomer, holder).promoted).toBe(promoted);
  });

  it.each([0, -0.2])('warns where a version with an MCC of %s becomes production', (mcc) => {
    const { promoted, reason } = decidePromotion('always', candidate(mcc), current);
    expect(promoted).toBe(true);
    expect(reason).toMatch(/^It was trained with promote "always".*WARNING: Its MCC.*no better than chance/);
    expect(decidePromotion('auto', candidate(mcc), null).reason).toContain('WARNING');
    expect(decidePromotion('never', candidate(mcc), null).reason).not.toContain('WARNING');
    expect(decidePromotion('auto', candidate(0.01), null).reason).not.toContain('WARNING');
  });

  it('says why not, and how to promote by hand', () => {
    const { reason } = decidePromotion('auto', candidate(0.9, 'other'), current);
    expect(reason).toContain('other rows than mdl_old');
    expect(reason).toContain('PUT /aliases/production {"modelId": "mdl_new"}');
    expect(decidePromotion('auto', candidate(0.4), current).reason).toContain('0.4000 against 0.5000');
  });
});
