import type { Evaluation } from './evaluation.js';

/** With fewer rows of a class, each row moves the class's accuracy by more than 2 %. */
const enoughRowsOfClass = 50;

/** How many rows of each label something was validated on. */
interface RowsByLabel {
  acceptable: number;
  unacceptable: number;
}

/** What the number of validation rows says against the figures. */
export function validationWarnings(rows: RowsByLabel): string[] {
  const { acceptable, unacceptable } = rows;
  if (Math.min(acceptable, unacceptable) >= enoughRowsOfClass) return [];
  return [
    `Only ${acceptable} acceptable and ${unacceptable} unacceptable sentences were validated on. With fewer than ${enoughRowsOfClass} of ` +
      'each, the figures may be chance: MCC, the choice of what is kept, temperature and threshold. Validate on more sentences.',
  ];
}

/** What is said of a version that cannot tell acceptable sentences from others; null where it can. */
export function chanceWarning(mcc: number): string | null {
  if (mcc > 0) return null;
  return (
    `Its MCC on the validation rows is ${mcc === 0 ? '0, or undefined' : mcc.toFixed(4)}: it judges no better than chance. ` +
    'Train again: on more rows, for more epochs or with another learning rate.'
  );
}

/** Why a version became production, with a warning if it judges no better than chance. */
export function withChanceWarning(reason: string, mcc: number): string {
  const warning = chanceWarning(mcc);
  return warning === null ? reason : `${reason} WARNING: ${warning}`;
}

/** All that an evaluation on the validation rows says against trusting what was evaluated. */
export function evaluationWarnings({ mcc, confusionMatrix }: Evaluation): string[] {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = confusionMatrix;
  const rows = { acceptable: truePositives + falseNegatives, unacceptable: trueNegatives + falsePositives };
  const chance = chanceWarning(mcc);
  return [...validationWarnings(rows), ...(chance === null ? [] : [chance])];
}
