import type { OutputSource } from './process-output.js';
import type { NewRunEvent, RunEventData, RunEventType } from './run-event.js';
import type { RunError } from './run-error.js';

/** Who said a line: the service about the run, or the training process on one of its outputs. */
export const runLogSources = ['service', 'stdout', 'stderr'] as const satisfies ('service' | OutputSource)[];
export type RunLogSource = (typeof runLogSources)[number];

export interface RunLogLine {
  /** From 1 within the run. Lines that are not kept have their numbers too. */
  sequence: number;
  /** Which taking-up of the run it belongs to, from 1; 0 before the first. */
  attempt: number;
  source: RunLogSource;
  text: string;
  createdAt: Date;
}

/** In characters. */
export const LONGEST_LINE = 1000;

/** Of each run so many lines are kept: how it began, and what came last. */
export const KEPT = { first: 200, last: 800 };

/** Whether a line is kept where so many have been written. */
export function isKept(sequence: number, written: number): boolean {
  return sequence <= KEPT.first || sequence > written - KEPT.last;
}

/** A log as text, a line each. Where lines are missing, a line says so. */
export function logText(lines: readonly RunLogLine[]): string {
  let expected = 1;
  let text = '';
  for (const { sequence, createdAt, source, text: said } of lines) {
    if (sequence > expected) text += `(Lines ${expected} to ${sequence - 1} were not kept.)\n`;
    text += `${createdAt.toISOString()} ${source} ${said}\n`;
    expected = sequence + 1;
  }
  return text;
}

/** What the log says of an event; undefined where it says nothing, since steps and evaluations have lists of their own. */
export function eventLine({ type, data }: NewRunEvent): string | undefined {
  return (eventLines[type] as ((data: NewRunEvent['data']) => string) | undefined)?.(data);
}

const eventLines: { [Type in RunEventType]?: (data: RunEventData[Type]) => string } = {
  status: ({ status, reason, attempt, modelId, error }) =>
    [
      `Status: ${status}.`,
      attempt && `Attempt ${attempt}.`,
      reason,
      modelId && `Model: ${modelId}.`,
      error && errorText(error),
    ]
      .filter((part) => part)
      .join(' '),
  phase: ({ phase }) => `Phase: ${phase}.`,
  engine: ({ description, reason }) => `Engine: ${description}. ${reason}`,
  plan: ({ totalSteps, trainingRows, validationRows, maxLength }) =>
    `Plan: ${totalSteps} steps on ${trainingRows} training rows, ${validationRows} validation rows, at most ${maxLength} tokens a sentence.`,
  epoch: ({ epoch, trainingLoss, validation }) =>
    `Epoch ${epoch}: training loss ${trainingLoss.toFixed(4)}, validation loss ${validation.loss.toFixed(4)}, MCC ${validation.mcc.toFixed(4)}.`,
  stoppedEarly: ({ reason }) => `Stopped early: ${reason}`,
  checkpoint: ({ step, bytes }) => `Checkpoint of step ${step}: ${(bytes / 2 ** 20).toFixed(1)} MiB.`,
  resumed: ({ step, note }) =>
    [step > 0 ? `Goes on from step ${step}.` : 'Begins anew.', note].filter((part) => part).join(' '),
};

function errorText({ code, message }: RunError): string {
  return `${message} (${code})`;
}
