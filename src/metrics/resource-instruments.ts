import { Gauge, type Registry } from 'prom-client';
import { show } from './prometheus.js';

/** Delay and utilization of the event loop. */
export interface EventLoopUse {
  /** In seconds; null if nothing was measured. */
  delay: { p50: number; p99: number; max: number } | null;
  /** Share of the time in which the event loop was busy, 0 to 1. */
  utilization: number;
}

/** Use of a GPU. */
export interface GpuUse {
  /** Index of the GPU. */
  gpu: string;
  usedBytes: number;
  totalBytes: number;
  /** Share of the time in which it computed, 0 to 1; null if the GPU does not report it. */
  utilization: number | null;
}

/** Metrics of limited resources: event loop, disks, GPUs. */
export class ResourceInstruments {
  private readonly delays: Readonly<Record<'p50' | 'p99' | 'max', Gauge>>;
  private readonly utilization: Gauge;
  private readonly gpuUsed: Gauge<'gpu'>;
  private readonly gpuTotal: Gauge<'gpu'>;
  private readonly gpuUtilization: Gauge<'gpu'>;
  readonly diskFree: Gauge<'folder'>;
  readonly diskSize: Gauge<'folder'>;
  readonly storedBytes: Gauge<'kind'>;
  readonly storedFolders: Gauge<'kind'>;
  readonly damagedFolders: Gauge<'kind'>;
  readonly databaseBytes: Gauge;

  constructor(registry: Registry) {
    const on = { registers: [registry] };
    const delay = (name: string, what: string) =>
      new Gauge({
        ...on,
        name: `wellformed_event_loop_delay_${name}_seconds`,
        help: `Delay of the event loop since the last scrape: ${what}.`,
      });
    this.delays = {
      p50: delay('p50', 'the median'),
      p99: delay('p99', 'the 99th percentile'),
      max: delay('max', 'the maximum'),
    };
    this.utilization = new Gauge({
      ...on,
      name: 'wellformed_event_loop_utilization_ratio',
      help: 'Share of the time since the last scrape in which the event loop was busy.',
    });
    this.diskFree = new Gauge({
      ...on,
      name: 'wellformed_disk_free_bytes',
      help: 'Space that this user may still fill on the disk of a folder (data, base-models).',
      labelNames: ['folder'] as const,
    });
    this.diskSize = new Gauge({
      ...on,
      name: 'wellformed_disk_size_bytes',
      help: 'Space of the disk of a folder (data, base-models), free and used, without what is reserved for the system.',
      labelNames: ['folder'] as const,
    });
    this.storedBytes = new Gauge({
      ...on,
      name: 'wellformed_stored_bytes',
      help: 'Size of the files stored, by kind (datasets, models, base-models).',
      labelNames: ['kind'] as const,
    });
    this.storedFolders = new Gauge({
      ...on,
      name: 'wellformed_stored_folders',
      help: 'Folders stored, by kind (datasets, models, base-models), each with one data set, version or base model.',
      labelNames: ['kind'] as const,
    });
    this.damagedFolders = new Gauge({
      ...on,
      name: 'wellformed_damaged_folders',
      help: 'Folders stored, by kind (datasets, models), in which a reader found a file that differs from what was stored. The log names them.',
      labelNames: ['kind'] as const,
    });
    this.databaseBytes = new Gauge({
      ...on,
      name: 'wellformed_database_bytes',
      help: 'Size of the database and its write-ahead log.',
    });
    this.gpuUsed = new Gauge({
      ...on,
      name: 'wellformed_gpu_memory_used_bytes',
      help: 'Memory in use on an NVIDIA GPU, by all processes. Absent without a GPU.',
      labelNames: ['gpu'] as const,
    });
    this.gpuTotal = new Gauge({
      ...on,
      name: 'wellformed_gpu_memory_bytes',
      help: 'Memory of an NVIDIA GPU. Absent without a GPU.',
      labelNames: ['gpu'] as const,
    });
    this.gpuUtilization = new Gauge({
      ...on,
      name: 'wellformed_gpu_utilization_ratio',
      help: 'Share of the time in which an NVIDIA GPU computed. Absent without a GPU, or if the GPU does not report it.',
      labelNames: ['gpu'] as const,
    });
    for (const gauge of [...Object.values(this.delays), this.databaseBytes]) gauge.remove();
  }

  recordEventLoop({ delay, utilization }: EventLoopUse): void {
    this.utilization.set(utilization);
    if (!delay) return;
    for (const name of ['p50', 'p99', 'max'] as const) this.delays[name].set(delay[name]);
  }

  recordGpu({ gpu, usedBytes, totalBytes, utilization }: GpuUse): void {
    this.gpuUsed.set({ gpu }, usedBytes);
    this.gpuTotal.set({ gpu }, totalBytes);
    show(this.gpuUtilization, { gpu }, utilization);
  }

  /** Removes the series of all GPUs, because nothing reports them any more. */
  forgetGpus(): void {
    for (const gauge of [this.gpuUsed, this.gpuTotal, this.gpuUtilization]) gauge.reset();
  }
}
