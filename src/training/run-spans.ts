import { Injectable } from '@nestjs/common';
import type { SpanContext, Span } from '../tracing/span.js';
import { Tracing } from '../tracing/tracing.js';
import { hasEnded, type Run, type RunPhase, type RunStatus } from './run.js';
import type { RunEvent } from './run-event.js';
import { RunsRepository } from './runs.repository.js';

/** Makes a span of every run of this process, from the request for it to its end, where the service traces. */
@Injectable()
export class RunSpans {
  /** The requests that asked for runs which have not begun: traces of their own, since a run may begin days later. */
  private readonly asked = new Map<string, SpanContext>();
  private readonly open = new Map<string, RunSpan>();

  constructor(
    private readonly tracing: Tracing,
    runs: RunsRepository,
  ) {
    runs.onNews(({ runId, event }) => {
      if (event) this.open.get(runId)?.receive(event);
      // It will not begin.
      if (event === null || (event.type === 'status' && hasEnded(event.data.status)))
        this.asked.delete(runId);
    });
  }

  askedFor(runId: string, by: Span | null | undefined): void {
    if (!by) return;
    by.set({ 'wellformed.run.id': runId });
    this.asked.set(runId, by.spanContext);
  }

  /** This process takes a run up. */
  begin({ id, baseModel, datasetId, createdAt }: Run): void {
    const asker = this.asked.get(id);
    this.asked.delete(id);
    const now = performance.now();
    // By the clock, which may have been set back.
    const from = now - Math.max(0, Date.now() - Number(createdAt));
    const span = this.tracing.begin('training run', {
      from,
      links: asker ? [asker] : [],
      attributes: {
        'wellformed.run.id': id,
        'wellformed.base_model': baseModel,
        'wellformed.dataset.id': datasetId,
      },
    });
    if (!span) return;
    span.child('queue', { from }).end({ to: now });
    this.open.set(id, new RunSpan(span));
  }

  /** By which its lines in the log are found. */
  fieldsOf(runId: string): { traceId?: string; spanId?: string } {
    return this.open.get(runId)?.fields ?? {};
  }

  /** Its model is being registered. */
  registering(runId: string): void {
    this.open.get(runId)?.enter('registering');
  }

  /** This process is done with a run. */
  end(runId: string): void {
    this.open.get(runId)?.end();
    this.open.delete(runId);
  }
}

/** The span of a run under way, with one in it for each phase. */
class RunSpan {
  private phase: Span | undefined;
  private status: RunStatus | undefined;

  constructor(private readonly span: Span) {}

  get fields(): { traceId: string; spanId: string } {
    const { traceId, spanId } = this.span.spanContext;
    return { traceId, spanId };
  }

  receive({ type, data }: RunEvent): void {
    switch (type) {
      case 'phase':
        return this.enter(data.phase);
      case 'engine':
        return this.span.set({ 'wellformed.engine': data.name });
      case 'plan':
        return this.span.set({ 'wellformed.training.rows': data.trainingRows });
      case 'epoch':
        return this.phase?.event('epoch', {
          'wellformed.epoch': data.epoch,
          'wellformed.training.loss': data.trainingLoss,
          'wellformed.validation.mcc': data.validation.mcc,
        });
      case 'stoppedEarly':
        return this.phase?.event('stopped early');
      case 'status':
        this.status = data.status;
        return this.span.set({
          'wellformed.run.status': data.status,
          ...(data.modelId && { 'wellformed.model.id': data.modelId }),
        });
      default:
        return;
    }
  }

  /** Ends the phase before. */
  enter(phase: RunPhase | 'registering'): void {
    const now = performance.now();
    this.phase?.end({ to: now });
    this.phase = this.span.child(phase, { from: now });
  }

  end(): void {
    const failure = this.status === undefined || this.status === 'failed' ? 'failed' : undefined;
    const to = performance.now();
    this.phase?.end({ to, failure });
    this.span.end({ to, failure });
  }
}
