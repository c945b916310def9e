import type {
  Progress,
  Run,
  RunCheckpoint,
  RunDownload,
  RunEngine,
  RunEpoch,
  RunEvaluation,
  RunPhase,
  RunPlan,
  RunResumption,
  RunStatus,
} from './run.js';
import { bestEvaluation, hasEnded, isAtWork } from './run.js';
import type { RunError } from './run-error.js';

/** What happens to a run, as it is stored and sent to those who follow it: type → data. */
export interface RunEventData {
  /** With what goes with it: the reason, for people to read; the attempt that begins; the model that came of the run; the error. */
  status: {
    status: RunStatus;
    reason?: string;
    attempt?: number;
    /** Crashes so far. */
    restarts?: number;
    modelId?: string;
    error?: RunError;
  };
  phase: { phase: RunPhase };
  download: RunDownload;
  engine: RunEngine;
  plan: RunPlan & { totalSteps: number };
  step: StepData;
  evaluation: RunEvaluation;
  /** Follows the evaluation at its end. */
  epoch: RunEpoch;
  stoppedEarly: { reason: string };
  /** The state of the training was stored. */
  checkpoint: RunCheckpoint;
  /** A new attempt goes on from a checkpoint, or begins anew: what came after that step did not happen. */
  resumed: RunResumption;
}

export interface StepData extends Progress {
  step: number;
  totalSteps: number;
  epoch: number;
  loss: number;
  learningRate: number;
  gradientNorm: number;
}

export type RunEventType = keyof RunEventData;

type Told<Data> = { [Type in keyof Data]: { type: Type; data: Data[Type] } }[keyof Data];

export type NewRunEvent = Told<RunEventData>;

export type RunEvent = NewRunEvent & {
  /** From 1 within the run. */
  sequence: number;
  createdAt: Date;
};

/** What the row of a run shows: its events, and how far it is between two of them, which is no event. */
export type RunUpdate = NewRunEvent | Told<{ progress: Progress }>;

/** What a change of status asks of a run: little, so that a run of which something cannot be read can end. */
export const statusFacts = {
  createdAt: true,
  startedAt: true,
  takenAt: true,
  workedSeconds: true,
  leaseExpiresAt: true,
  sweepId: true,
} as const satisfies Partial<Record<keyof Run, true>>;
type StatusFact = keyof typeof statusFacts;

/** What is known of a run where an update comes: all of it, unless the update changes only its status. */
export type RunFacts<Update extends RunUpdate> = Update extends { type: 'status' }
  ? Pick<Run, StatusFact>
  : Run;

type Effects = {
  [Update in RunUpdate as Update['type']]: (
    data: Update['data'],
    run: RunFacts<Update>,
    at: Date,
  ) => Partial<Run>;
};

/** The row of a run is the sum of what happened to it. */
const effects: Effects = {
  status: ({ status, reason, attempt, restarts, modelId, error }, facts, at) => ({
    status,
    statusReason: reason ?? null,
    error: error ?? null,
    ...(attempt !== undefined && { attempt }),
    ...(restarts !== undefined && { restarts }),
    // A clock that is set back while a run waits or works does not make it start before it came, or end before it started.
    ...(status === 'preparing' && { startedAt: facts.startedAt ?? later(at, facts.createdAt), takenAt: at }),
    ...(!isAtWork(status) && {
      ...worked(facts, at),
      owner: null,
      leaseExpiresAt: null,
      download: null,
      secondsLeft: null,
    }),
    finishedAt: hasEnded(status) ? later(at, facts.startedAt ?? facts.createdAt) : null,
    // A run that was cancelled can still be continued from it. Nobody goes on with a trial that its sweep gave up.
    ...(hasEnded(status) && (status !== 'cancelled' || facts.sweepId !== null) && { checkpoint: null }),
    // Where it goes on, this is told anew.
    estimatedFinish: null,
    ...(modelId && { modelId, progress: 1 }),
  }),
  phase: ({ phase }) => ({ phase, download: null }),
  download: (download) => ({ download }),
  engine: ({ name }) => ({ engine: name }),
  plan: ({ totalSteps, ...plan }) => ({ plan, totalSteps }),
  step: ({ gradientNorm: _norm, totalSteps: _total, ...shown }, _run, at) => ({
    ...shown,
    estimatedFinish: finishOf(shown, at),
  }),
  evaluation: (evaluation, { evaluations, mcc }) => ({
    evaluations: [...evaluations, evaluation],
    mcc: Math.max(mcc ?? -1, evaluation.validation.mcc),
  }),
  epoch: (epoch, { epochs }) => ({ epochs: [...epochs, epoch] }),
  stoppedEarly: ({ reason }) => ({ stoppedEarly: reason }),
  checkpoint: (checkpoint) => ({ checkpoint }),
  resumed: (resumption, run) => {
    const { step, epoch } = resumption;
    // There is no checkpoint after the evaluation of the averaged weights.
    const evaluations = run.evaluations.filter((one) => !one.averaged && one.step <= step);
    return {
      resumption,
      step,
      epoch,
      evaluations,
      epochs: run.epochs.filter((one) => one.epoch < epoch),
      mcc: bestEvaluation(evaluations)?.validation.mcc ?? null,
      stoppedEarly: null,
      progress: run.totalSteps ? step / run.totalSteps : 0,
    };
  },
  progress: (progress, _run, at) => ({ ...progress, estimatedFinish: finishOf(progress, at) }),
};

/** What an update changes of a run. */
export function effectOf<Update extends RunUpdate>(
  { type, data }: Update,
  run: RunFacts<Update>,
  at: Date = new Date(),
): Partial<Run> {
  const effect = effects[type] as (data: Update['data'], run: RunFacts<Update>, at: Date) => Partial<Run>;
  return effect(data, run, at);
}

/** When a run will have ended, by what was told then. It stays where it is until something else is told. */
export function finishOf({ secondsLeft }: Pick<Progress, 'secondsLeft'>, at: Date): Date | null {
  return secondsLeft === null ? null : new Date(Number(at) + 1000 * secondsLeft);
}

/** The time of an attempt that is over. One that crashed was at work no longer than its lease, whenever that was found out. */
function worked({ takenAt, workedSeconds, leaseExpiresAt }: Pick<Run, StatusFact>, at: Date): Partial<Run> {
  if (takenAt === null) return {};
  const end = leaseExpiresAt && leaseExpiresAt < at ? leaseExpiresAt : at;
  return { takenAt: null, workedSeconds: workedSeconds + Math.max(0, Number(end) - Number(takenAt)) / 1000 };
}

function later(one: Date, other: Date): Date {
  return one < other ? other : one;
}
