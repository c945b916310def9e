/** Each code that the error of a sweep may have, and what it means. */
export const sweepErrors = {
  'first-runs-failed': 'The first runs all failed, so that the others would too.',
  'no-run-succeeded': 'Every run failed or was cancelled.',
  'run-not-started': 'A run could not be started.',
} as const satisfies Record<string, string>;

export type SweepErrorCode = keyof typeof sweepErrors;

/** Why a sweep failed. */
export interface SweepError {
  code: SweepErrorCode;
  /** What happened and what to do, for people to read. */
  message: string;
  /** The field to change, as the run that failed has it; null where none would help, or which one is not known. */
  param: string | null;
}
