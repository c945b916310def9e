import { Logger } from '@nestjs/common';
import type { StepEvent } from '../bert/fine-tuning/events.js';
import type { Instruments } from '../metrics/instruments.js';
import { ProgressMeter, type Progress } from './progress.js';
import type { RunDownload, RunEngine, RunPlan, RunResults } from './run.js';
import type { NewRunEvent, StepData } from './run-event.js';
import type { RunChanges, RunsRepository } from './runs.repository.js';
import { Throttle } from './throttle.js';
import type { ProgressMessage } from './training-process.js';

/** Steps and downloads are stored at most once in so many milliseconds: a small model does a hundred steps a second. */
const storeInterval = 500;

/** Writes down what the worker of a run tells, in the order in which it tells it, and shows it in the metrics. */
export class RunRecorder {
  engine: RunEngine | undefined;
  plan: RunPlan | undefined;
  readonly results: RunResults = { epochs: [], evaluations: [], stoppedEarly: null };
  private meter: ProgressMeter | undefined;
  private written: Promise<void> = Promise.resolve();
  private readonly logger = new Logger(RunRecorder.name);
  private readonly steps = new Throttle<StepData>(storeInterval, (step) => this.storeStep(step));
  private readonly downloads = new Throttle<RunDownload>(storeInterval, (download) =>
    this.store({ download }, { type: 'download', data: download }),
  );

  private readonly assessments = new Throttle<Progress>(storeInterval, (progress) => this.store(progress));

  constructor(
    private readonly runId: string,
    private readonly runs: RunsRepository,
    private readonly instruments: Instruments,
  ) {}

  receive(message: ProgressMessage): void {
    if (message.type === 'step') return this.receiveStep(message);
    if (message.type === 'download') {
      const { type: _type, ...download } = message;
      return this.downloads.offer(download);
    }
    if (message.type === 'assessment') return this.receiveAssessment(message.share);
    if (message.type === 'memory') return this.instruments.training.recordMemory(message);
    if (message.type === 'usage') return this.instruments.training.recordUsage(message);
    // What comes in between keeps its place: the last step of an epoch is stored before the epoch.
    this.steps.flush();
    this.downloads.flush();
    switch (message.type) {
      case 'phase': {
        const { phase } = message;
        this.instruments.training.recordPhase(phase);
        return this.store({ phase, download: null }, { type: 'phase', data: { phase } });
      }
      case 'engine': {
        const { type, ...engine } = message;
        this.engine = engine;
        this.logger.log(`Run ${this.runId} trains on ${engine.description}. ${engine.reason}`, {
          runId: this.runId,
          engine: engine.name,
        });
        return this.store({ engine: engine.name }, { type, data: engine });
      }
      case 'plan': {
        const { type, plan, extent } = message;
        const { totalSteps, totalExamples, evaluations } = extent;
        this.plan = plan;
        this.meter = new ProgressMeter(totalExamples, evaluations);
        return this.store({ plan, totalSteps }, { type, data: { ...plan, totalSteps } });
      }
      case 'evaluation': {
        const { type, ...evaluation } = message;
        this.results.evaluations.push(evaluation);
        this.meter?.evaluated(performance.now());
        this.instruments.training.recordValidation(evaluation.validation.mcc);
        const evaluations = [...this.results.evaluations];
        const mcc = Math.max(...evaluations.map(({ validation }) => validation.mcc));
        return this.store({ evaluations, mcc, ...this.meter?.now }, { type, data: evaluation });
      }
      case 'epoch': {
        const { type, ...epoch } = message;
        this.results.epochs.push(epoch);
        return this.store({ epochs: [...this.results.epochs] }, { type, data: epoch });
      }
      case 'stoppedEarly': {
        const { type, reason } = message;
        this.results.stoppedEarly = reason;
        this.meter?.stopped();
        return this.store({ stoppedEarly: reason, ...this.meter?.now }, { type, data: { reason } });
      }
    }
  }

  /** Settles when everything told so far is stored. */
  async close(): Promise<void> {
    this.steps.flush();
    this.downloads.flush();
    this.assessments.flush();
    this.steps.close();
    this.downloads.close();
    this.assessments.close();
    await this.written;
  }

  private receiveStep({ type: _type, examples, ...step }: StepEvent): void {
    if (!this.meter) throw new Error('This is a bug: a step came before the plan.');
    this.meter.stepped(examples, performance.now());
    const progress = this.meter.now;
    this.instruments.training.recordStep({ examples, ...step, ...progress });
    this.steps.offer({ ...step, ...progress });
  }

  private receiveAssessment(share: number): void {
    if (!this.meter) throw new Error('This is a bug: an assessment came before the plan.');
    this.meter.assessed(share, performance.now());
    this.assessments.offer(this.meter.now);
  }

  private storeStep(data: StepData): void {
    const { gradientNorm: _norm, totalSteps: _total, ...changes } = data;
    this.store(changes, { type: 'step', data });
  }

  private store(changes: RunChanges, ...events: NewRunEvent[]): void {
    const what = events.map(({ type }) => type).join(', ') || 'its progress';
    this.written = this.written
      .then(() => this.runs.record(this.runId, changes, ...events))
      // The training is worth more than a note of its progress: it goes on, and its end is stored with care.
      .catch((error: Error) =>
        this.logger.error(`Run ${this.runId}: ${what} could not be stored: ${error.message}`, {
          runId: this.runId,
        }),
      );
  }
}
