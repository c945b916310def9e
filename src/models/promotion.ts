import { withChanceWarning } from '../bert/evaluation/warnings.js';
import { PRODUCTION, type Promotion, type PromotionRule } from './model-version.js';

/** The inputs of a promotion: quality of a version, and its validation rows. */
export interface Contender {
  id: string;
  mcc: number;
  /** Content hash of the validation rows. */
  validation: string;
}

/**
 * Decides whether a newly registered version becomes production. The reason warns if the version judges no
 * better than chance.
 */
export function decidePromotion(
  rule: PromotionRule,
  candidate: Contender,
  current: Contender | null,
): Promotion {
  const { promoted, reason } = decide(rule, candidate, current);
  return { promoted, reason: promoted ? withChanceWarning(reason, candidate.mcc) : reason };
}

/** Only results on the same rows are comparable. */
function decide(rule: PromotionRule, candidate: Contender, current: Contender | null): Promotion {
  if (rule === 'never') return no(`It was trained with promote "never". ${byHand(candidate)}`);
  if (current === null) return yes(`There was no "${PRODUCTION}" yet.`);
  if (rule === 'always') return yes(`It was trained with promote "always". Before it was ${current.id}.`);
  if (candidate.validation !== current.validation) {
    return no(
      `It was validated on other rows than ${current.id}, which is "${PRODUCTION}", so their MCC cannot be compared. ` +
        `Judge both with POST /models/:id/evaluations on one data set. ${byHand(candidate)}`,
    );
  }
  const figures = `${candidate.mcc.toFixed(4)} against ${current.mcc.toFixed(4)} of ${current.id}`;
  return candidate.mcc > current.mcc
    ? yes(`Its MCC on the same validation rows is higher: ${figures}.`)
    : no(`Its MCC on the same validation rows is not higher: ${figures}. ${byHand(candidate)}`);
}

function yes(reason: string): Promotion {
  return { promoted: true, reason };
}

function no(reason: string): Promotion {
  return { promoted: false, reason };
}

function byHand(candidate: Contender): string {
  return `To promote it by hand: PUT /aliases/${PRODUCTION} {"modelId": "${candidate.id}"}.`;
}
