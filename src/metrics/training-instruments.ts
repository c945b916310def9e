import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { show } from './prometheus.js';

/** In seconds, up to a day. */
const RUN_BUCKETS = [1, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400];

/** Result of a step of the current run. */
export interface TrainingStep {
  examples: number;
  loss: number;
  learningRate: number;
  gradientNorm: number;
  examplesPerSecond: number | null;
  /** Completed share of the run, 0 to 1. */
  progress: number;
  secondsLeft: number | null;
}

/** Memory of the engine during the current run. */
export interface EngineMemoryUse {
  tensors: number;
  /** Bytes of tensors and parameters. */
  bytes: number;
  /** Bytes reserved from the system, whether used or not; null if the engine does not report it. */
  reservedBytes: number | null;
}

/** A checkpoint of the current run that lies on the disk. */
export interface WrittenCheckpoint {
  bytes: number;
  /** For how long the training stood still. */
  pausedMilliseconds: number;
}

/** Resources of the current run's process. */
export interface TrainingProcessUse {
  residentBytes: number;
  /** CPU seconds on all cores since the start of the process. */
  cpuSeconds: number;
}

/** Metrics of runs. Those of the current run leave the page when it ends. */
export class TrainingInstruments {
  private readonly examples: Counter;
  private readonly steps: Counter;
  private readonly checkpoints: Counter;
  private readonly checkpointBytes: Counter;
  private readonly checkpointPauseSeconds: Counter;
  private readonly loss: Gauge;
  private readonly learningRate: Gauge;
  private readonly gradientNorm: Gauge;
  private readonly examplesPerSecond: Gauge;
  private readonly progress: Gauge;
  private readonly secondsLeft: Gauge;
  private readonly validationMcc: Gauge;
  private readonly phase: Gauge<'phase'>;
  private readonly engineTensors: Gauge;
  private readonly engineBytes: Gauge;
  private readonly engineReservedBytes: Gauge;
  private readonly residentBytes: Gauge;
  private readonly cpuSeconds: Counter;
  private cpuSecondsOfRun = 0;
  private readonly runSeconds: Histogram<'status'>;
  readonly runs: Gauge<'status'>;
  readonly sweeps: Gauge<'status'>;
  readonly queueLength: Gauge;
  readonly queueSeconds: Histogram;
  readonly processCrashes: Counter;
  readonly restarts: Counter;

  constructor(registry: Registry) {
    const on = { registers: [registry] };
    const gauge = (name: string, help: string) =>
      new Gauge({ ...on, name: `wellformed_training_${name}`, help });
    this.runs = new Gauge({
      ...on,
      name: 'wellformed_runs',
      help: 'Runs in the database by status.',
      labelNames: ['status'] as const,
    });
    this.sweeps = new Gauge({
      ...on,
      name: 'wellformed_sweeps',
      help: 'Sweeps in the database by status.',
      labelNames: ['status'] as const,
    });
    this.runSeconds = new Histogram({
      ...on,
      name: 'wellformed_run_duration_seconds',
      help: 'Time from the start of a run to its end, by its last status. The count is the number of ended runs.',
      labelNames: ['status'] as const,
      buckets: RUN_BUCKETS,
    });
    this.queueLength = gauge('queue_length', 'Runs that wait for their turn.');
    this.queueSeconds = new Histogram({
      ...on,
      name: 'wellformed_training_queue_seconds',
      help: 'Time that a run waited for its turn.',
      buckets: RUN_BUCKETS,
    });
    this.processCrashes = new Counter({
      ...on,
      name: 'wellformed_training_process_crashes_total',
      help: 'Training processes that ended without reporting an error: they crashed or were killed.',
    });
    this.restarts = new Counter({
      ...on,
      name: 'wellformed_training_restarts_total',
      help: 'Restarts of runs after a crash, of their process or of the service.',
    });
    this.checkpoints = new Counter({
      ...on,
      name: 'wellformed_checkpoints_total',
      help: 'Checkpoints written, over all runs of this process.',
    });
    this.checkpointBytes = new Counter({
      ...on,
      name: 'wellformed_checkpoint_bytes_total',
      help: 'Size of the checkpoints written. Each has the state of the training and the weights of the best evaluation.',
    });
    this.checkpointPauseSeconds = new Counter({
      ...on,
      name: 'wellformed_checkpoint_pause_seconds_total',
      help: 'Time for which trainings stood still for checkpoints.',
    });
    this.examples = new Counter({
      ...on,
      name: 'wellformed_training_examples_total',
      help: 'Examples trained on, over all runs of this process.',
    });
    this.steps = new Counter({
      ...on,
      name: 'wellformed_training_steps_total',
      help: 'Optimiser steps done, over all runs of this process.',
    });
    this.phase = new Gauge({
      ...on,
      name: 'wellformed_training_phase',
      help: '1 for the phase of the current run. Absent while none runs.',
      labelNames: ['phase'] as const,
    });
    this.progress = gauge(
      'progress_ratio',
      'Share of the current run that is done. Absent while none trains.',
    );
    this.secondsLeft = gauge(
      'remaining_seconds',
      'Remaining time until the current run has registered its model, estimated. Absent while none trains.',
    );
    this.loss = gauge('loss', 'Training loss of the last step of the current run. Absent while none trains.');
    this.learningRate = gauge(
      'learning_rate',
      'Learning rate of the last step of the current run. Absent while none trains.',
    );
    this.gradientNorm = gauge(
      'gradient_norm',
      'Global norm of the gradients of the last step of the current run, before clipping. Absent while none trains.',
    );
    this.examplesPerSecond = gauge(
      'examples_per_second',
      'Speed of the current run. Absent while none trains.',
    );
    this.validationMcc = gauge(
      'validation_mcc',
      'Matthews correlation on the validation rows at the last evaluation of the current run. Absent before that.',
    );
    this.engineTensors = gauge(
      'engine_tensors',
      'Tensors that TF.js holds for the current run. Absent while none trains.',
    );
    this.engineBytes = gauge(
      'engine_bytes',
      'Bytes of the tensors, parameters and moments of the current run, between two steps. Absent while none trains.',
    );
    this.engineReservedBytes = gauge(
      'engine_reserved_bytes',
      'Memory that the WebAssembly engine has taken from the system for the current run, at most 4 GiB. Absent with other engines.',
    );
    this.residentBytes = gauge(
      'resident_memory_bytes',
      'Resident memory of the process of the current run, which process_resident_memory_bytes does not include. Absent while none runs.',
    );
    this.cpuSeconds = new Counter({
      ...on,
      name: 'wellformed_training_cpu_seconds_total',
      help: 'Processor time of the processes of runs, which process_cpu_seconds_total does not include.',
    });
    this.end();
  }

  /** Records a step of the current run. */
  recordStep(step: TrainingStep): void {
    this.steps.inc();
    this.examples.inc(step.examples);
    this.loss.set(step.loss);
    this.learningRate.set(step.learningRate);
    this.gradientNorm.set(step.gradientNorm);
    this.progress.set(step.progress);
    show(this.examplesPerSecond, {}, step.examplesPerSecond);
    show(this.secondsLeft, {}, step.secondsLeft);
  }

  /** Records an evaluation of the current run. */
  recordValidation(mcc: number): void {
    this.validationMcc.set(mcc);
  }

  recordCheckpoint({ bytes, pausedMilliseconds }: WrittenCheckpoint): void {
    this.checkpoints.inc();
    this.checkpointBytes.inc(bytes);
    this.checkpointPauseSeconds.inc(pausedMilliseconds / 1000);
  }

  recordPhase(phase: string): void {
    this.phase.reset();
    this.phase.set({ phase }, 1);
  }

  recordMemory({ tensors, bytes, reservedBytes }: EngineMemoryUse): void {
    this.engineTensors.set(tensors);
    this.engineBytes.set(bytes);
    show(this.engineReservedBytes, {}, reservedBytes);
  }

  recordUsage({ residentBytes, cpuSeconds }: TrainingProcessUse): void {
    this.residentBytes.set(residentBytes);
    this.cpuSeconds.inc(Math.max(0, cpuSeconds - this.cpuSecondsOfRun));
    this.cpuSecondsOfRun = cpuSeconds;
  }

  /** Records the end of a run and its duration. */
  recordEnd(status: string, seconds: number): void {
    this.runSeconds.observe({ status }, seconds);
  }

  /** Removes the metrics of the current run. */
  end(): void {
    this.phase.reset();
    this.cpuSecondsOfRun = 0;
    for (const gauge of [
      this.loss,
      this.learningRate,
      this.gradientNorm,
      this.examplesPerSecond,
      this.progress,
      this.secondsLeft,
      this.validationMcc,
      this.engineTensors,
      this.engineBytes,
      this.engineReservedBytes,
      this.residentBytes,
    ]) {
      gauge.remove();
    }
  }
}
