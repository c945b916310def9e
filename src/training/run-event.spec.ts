import { describe, expect, it } from 'vitest';
import { defaultHyperparameters } from '../bert/fine-tuning/hyperparameters.js';
import { queuedRun, secondsAtWork, type Run, type RunEvaluation } from './run.js';
import { effectOf, type RunUpdate } from './run-event.js';

function newRun(): Run {
  const hyperparameters = { ...defaultHyperparameters, maxLength: 'auto' as const, validationFraction: 0.1 };
  const data = { datasetId: 'ds_1', validationDatasetId: null };
  return queuedRun({ ...data, hyperparameters, name: null, baseModel: 'tiny-bert', promote: 'auto' });
}

/** The run after all of this has happened to it. */
function after(...updates: RunUpdate[]): Run {
  return updates.reduce<Run>((run, update) => ({ ...run, ...effectOf(update, run) }), newRun());
}

function evaluation(step: number, mcc: number): RunEvaluation {
  const confusionMatrix = { truePositives: 1, falsePositives: 1, trueNegatives: 1, falseNegatives: 1 };
  const validation = { rows: 4, loss: 0.7, accuracy: 0.5, mcc, confusionMatrix };
  return { step, epoch: 1, averaged: false, validation, best: false };
}

const running: RunUpdate = { type: 'status', data: { status: 'running' } };
const download = { source: 'hub', file: 'model.safetensors', bytes: 5, totalBytes: 10 };

describe('a run', () => {
  it('collects its evaluations, and shows the best', () => {
    const run = after(
      running,
      ...[0.2, 0.5, 0.4].map((mcc, i): RunUpdate => ({ type: 'evaluation', data: evaluation(i, mcc) })),
    );
    expect(run.evaluations.map(({ step }) => step)).toEqual([0, 1, 2]);
    expect(run.mcc).toBe(0.5);
  });

  it('shows a download until the next phase begins', () => {
    const downloading = after(running, { type: 'download', data: download });
    expect(downloading.download).toEqual(download);
    const phase: RunUpdate = { type: 'phase', data: { phase: 'preparing' } };
    expect({ ...downloading, ...effectOf(phase, downloading) }).toMatchObject({
      phase: 'preparing',
      download: null,
    });
  });

  it('forgets what came after the checkpoint from which it goes on', () => {
    const epoch = (number: number): RunUpdate => ({ type: 'epoch', data: { epoch: number } as never });
    const run = after(
      running,
      { type: 'evaluation', data: { ...evaluation(10, 0.2), best: true } },
      epoch(1),
      { type: 'evaluation', data: { ...evaluation(15, 0.3), best: true } },
      { type: 'evaluation', data: { ...evaluation(20, 0.4), best: true } },
      epoch(2),
      { type: 'evaluation', data: { ...evaluation(20, 0.5), averaged: true, best: true } },
      { type: 'stoppedEarly', data: { reason: 'No better.' } },
    );
    const at = (step: number, epoch: number) => {
      const resumption = { attempt: 2, step, epoch, isExact: true, note: null };
      const { evaluations, epochs, mcc, stoppedEarly } = {
        ...run,
        ...effectOf({ type: 'resumed', data: resumption }, run),
      };
      return {
        evaluations: evaluations.map(({ step }) => step),
        epochs: epochs.map(({ epoch }) => epoch),
        mcc,
        stoppedEarly,
      };
    };
    expect(at(0, 1)).toEqual({ evaluations: [], epochs: [], mcc: null, stoppedEarly: null });
    expect(at(12, 2)).toEqual({ evaluations: [10], epochs: [1], mcc: 0.2, stoppedEarly: null });
    expect(at(20, 3)).toEqual({ evaluations: [10, 15, 20], epochs: [1, 2], mcc: 0.4, stoppedEarly: null });
  });

  it('leaves nothing open at its end, and says what came of it', () => {
    const lease = { owner: 'me', leaseExpiresAt: new Date() };
    const progress = { progress: 0.5, examplesPerSecond: 9, secondsLeft: 60 };
    const before = { ...after(running, { type: 'progress', data: progress }), ...lease, download };
    expect(before).toMatchObject(progress);
    const error = { code: 'disk-full', message: 'The disk is full. Free some space.', param: null } as const;
    expect(effectOf({ type: 'status', data: { status: 'failed', error } }, before)).toEqual({
      status: 'failed',
      statusReason: null,
      checkpoint: null,
      finishedAt: expect.any(Date),
      owner: null,
      leaseExpiresAt: null,
      download: null,
      secondsLeft: null,
      estimatedFinish: null,
      error,
    });
    expect(
      effectOf({ type: 'status', data: { status: 'succeeded', modelId: 'mdl_1' } }, before),
    ).toMatchObject({
      modelId: 'mdl_1',
      progress: 1,
    });
  });

  it('keeps its checkpoint where it is cancelled, unless a sweep gave it up', () => {
    const checkpoint = { attempt: 1, step: 5, epoch: 2, bytes: 9 };
    const cancel = (sweepId: string | null) => {
      const run = { ...after(running), checkpoint, sweepId };
      return { ...run, ...effectOf({ type: 'status', data: { status: 'cancelled' } }, run) }.checkpoint;
    };
    expect(cancel(null)).toEqual(checkpoint);
    expect(cancel('swp_1')).toBeNull();
  });

  it('counts the time of its attempts, and of one that crashed no more than its lease', () => {
    const at = (seconds: number) => new Date(Date.UTC(2026, 0, 2) + 1000 * seconds);
    const become = (run: Run, status: Run['status'], seconds: number, lease = seconds + 20) => ({
      ...run,
      ...effectOf({ type: 'status', data: { status } }, run, at(seconds)),
      leaseExpiresAt: at(lease),
    });
    const paused = become(become(become(newRun(), 'preparing', 100), 'running', 105, 180), 'paused', 160);
    expect([secondsAtWork(paused, at(900)), paused.takenAt]).toEqual([60, null]);
    const again = become(become(paused, 'queued', 1000), 'preparing', 2000, 2030);
    expect(secondsAtWork(again, at(2010))).toBe(70);
    // Nobody saw it crash until the next start.
    expect(secondsAtWork(become(again, 'interrupted', 9000), at(9500))).toBe(90);
  });

  it('says when it will have ended, by what was told last', () => {
    const at = new Date('2026-01-02T03:04:05.000Z');
    const told = { progress: 0.5, examplesPerSecond: 9, secondsLeft: 60.5 };
    const { estimatedFinish } = effectOf({ type: 'progress', data: told }, newRun(), at);
    expect(estimatedFinish).toEqual(new Date('2026-01-02T03:05:05.500Z'));
    const unknown = { ...told, secondsLeft: null };
    expect(effectOf({ type: 'progress', data: unknown }, newRun(), at).estimatedFinish).toBeNull();
  });
});
