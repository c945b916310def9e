import { Injectable } from '@nestjs/common';
import type { SpanContext, Trace } from '../tracing/trace.js';
import { Tracing } from '../tracing/tracing.js';
import type { RunPhase, RunStatus } from './run.js';
import type { RunEntity } from './run.entity.js';
import type { ProgressMessage } from './training-process.js';

/** Makes a trace of every run, from when it was asked for to its end, where the service traces. */
@Injectable()
export class RunTraces {
  /** The requests that asked for runs which have not begun: traces of their own, since a run may begin days later. */
  private readonly asked = new Map<string, SpanContext>();

  constructor(private readonly tracing: Tracing) {}

  askedFor(runId: string, by: Trace | null | undefined): void {
    if (!by) return;
    by.set({ 'wellformed.run.id': runId });
    this.asked.set(runId, by.spanContext);
  }

  /** It will not begin. */
  forget(runId: string): void {
    this.asked.delete(runId);
  }

  begin({ id, baseModel, datasetId, createdAt }: RunEntity): RunTrace | undefined {
    const asker = this.asked.get(id);
    this.forget(id);
    const now = performance.now();
    // By the clock, which may have been set back.
    const from = now - Math.max(0, Date.now() - Number(createdAt));
    const trace = this.tracing.begin('training run', {
      from,
      links: asker ? [asker] : [],
      attributes: {
        'wellformed.run.id': id,
        'wellformed.base_model': baseModel,
        'wellformed.dataset.id': datasetId,
      },
    });
    trace?.part('queue', { from }).end({ to: now });
    return trace && new RunTrace(trace);
  }
}

/** The trace of a run under way: a part for each phase. */
export class RunTrace {
  private phase: Trace | undefined;
  private status: RunStatus | undefined;

  constructor(private readonly trace: Trace) {}

  /** By which its lines in the log are found. */
  get fields(): { traceId: string; spanId: string } {
    const { traceId, spanId } = this.trace.spanContext;
    return { traceId, spanId };
  }

  /** Whatever the worker tells. */
  receive(message: ProgressMessage): void {
    switch (message.type) {
      case 'phase':
        return this.enter(message.phase);
      case 'engine':
        return this.trace.set({ 'wellformed.engine': message.name });
      case 'plan':
        return this.trace.set({ 'wellformed.training.rows': message.plan.trainingRows });
      case 'epoch':
        return this.phase?.event('epoch', {
          'wellformed.epoch': message.epoch,
          'wellformed.training.loss': message.trainingLoss,
          'wellformed.validation.mcc': message.validation.mcc,
        });
      case 'stoppedEarly':
        return this.phase?.event('stopped early');
      default:
        return;
    }
  }

  /** Ends the phase before. */
  enter(phase: RunPhase | 'registering'): void {
    const now = performance.now();
    this.phase?.end({ to: now });
    this.phase = this.trace.part(phase, { from: now });
  }

  /** What the run has come to; it is not over yet. */
  settle(status: RunStatus, modelId?: string): void {
    this.status = status;
    this.trace.set({ 'wellformed.run.status': status, ...(modelId && { 'wellformed.model.id': modelId }) });
  }

  end(): void {
    const failure = this.status === 'failed' || this.status === undefined ? 'failed' : undefined;
    const to = performance.now();
    this.phase?.end({ to, failure });
    this.trace.end({ to, failure });
  }
}
