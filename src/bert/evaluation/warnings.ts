import type { Evaluation } from './evaluation.js';

/** With fewer rows in a class, each row changes the accuracy of that class by more than 2 %. */
const enoughRowsOfClass = 50;

/** Number of validation rows of each label. */
interface RowsByLabel {
  acceptable: number;
  unacceptable: number;
}

/** Warnings about too few validation rows. */
export function validationWarnings(rows: RowsByLabel): string[] {
  const { acceptable, unacceptable } = rows;
  if (Math.min(acceptable, unacceptable) >= enoughRowsOfClass) return [];
  return [
    `Only ${acceptable} acceptable and ${unacceptable} unacceptable sentences were validated on. With fewer than ${enoughRowsOfClass} of ` +
      'each, the figures may be chance: MCC, the choice of what is kept, temperature and threshold. Validate on more sentences.',
  ];
}

/** Warns about a version that judges no better than chance; null otherwise. */
export function chanceWarning(mcc: number): string | null {
  if (mcc > 0) return null;
  return (
    `Its MCC on the validation rows is ${mcc === 0 ? '0, or undefined' : mcc.toFixed(4)}: it judges no better than chance. ` +
    'Train again: on more rows, for more epochs or with another learning rate.'
  );
}

/** The reason for a promotion, with a warning if the version judges no better than chance. */
export function withChanceWarning(reason: string, mcc: number): string {
  const warning = chanceWarning(mcc);
  return warning === null ? reason : `${reason} WARNING: ${warning}`;
}

/** All warnings that follow from an evaluation on the validation rows. */
export function evaluationWarnings({ mcc, confusionMatrix }: Evaluation): string[] {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = confusionMatrix;
  const rows = { acceptable: truePositives + falseNegatives, unacceptable: trueNegatives + falsePositives };
  const chance = chanceWarning(mcc);
  return [...validationWarnings(rows), ...(chance === null ? [] : [chance])];
}
