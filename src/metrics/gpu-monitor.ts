import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Instruments } from './instruments.js';
import type { GpuUse } from './resource-instruments.js';

/**
 * A single process runs all the time. Starting one for each scrape would pause the service, which may hold
 * gigabytes of memory, for a moment.
 */
const ARGUMENTS = [
  '--query-gpu=index,memory.used,memory.total,utilization.gpu',
  '--format=csv,noheader,nounits',
  '--loop=10',
];

/**
 * Reports the memory and use of NVIDIA GPUs from the driver's `nvidia-smi`. Without that program it reports
 * nothing.
 */
@Injectable()
export class GpuMonitor implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(GpuMonitor.name);
  private child: ChildProcess | undefined;

  constructor(private readonly instruments: Instruments) {}

  onApplicationBootstrap(): void {
    const child = spawn('nvidia-smi', ARGUMENTS, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.child = child;
    let told = false;
    // The program does not exist, so there is no GPU.
    child.once('error', () => {});
    createInterface({ input: child.stdout }).on('line', (line) => {
      const use = parseGpu(line);
      if (!use) return;
      told = true;
      this.instruments.resources.recordGpu(use);
    });
    child.once('close', () => {
      this.instruments.resources.forgetGpus();
      if (told && this.child) {
        this.logger.warn('nvidia-smi has ended: /metrics tells nothing of the GPU until the next start.');
      }
      this.child = undefined;
    });
    child.unref();
  }

  onApplicationShutdown(): void {
    const { child } = this;
    this.child = undefined;
    child?.kill();
  }
}

/** Parses `0, 1234, 81559, 17`: index, used memory and total memory in MiB, utilization in percent. */
function parseGpu(line: string): GpuUse | undefined {
  const [gpu, used, total, busy] = line.split(',').map((field) => field.trim());
  const [usedBytes, totalBytes] = [used, total].map((field) => Number(field || NaN) * 2 ** 20);
  if (!gpu || !Number.isFinite(usedBytes) || !Number.isFinite(totalBytes)) return undefined;
  const percent = Number(busy || NaN);
  return {
    gpu,
    usedBytes: usedBytes!,
    totalBytes: totalBytes!,
    utilization: Number.isFinite(percent) ? percent / 100 : null,
  };
}
