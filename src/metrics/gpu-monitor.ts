import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Instruments } from './instruments.js';
import type { GpuUse } from './resource-instruments.js';

/** One process for all the time: to start one for each scrape would stop a process that has gigabytes of memory for a moment. */
const ARGUMENTS = [
  '--query-gpu=index,memory.used,memory.total,utilization.gpu',
  '--format=csv,noheader,nounits',
  '--loop=10',
];

/** Shows the memory of NVIDIA cards, as the driver's own `nvidia-smi` tells it. Where that is not there, nothing is shown. */
@Injectable()
export class GpuMonitor implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(GpuMonitor.name);
  private child: ChildProcess | undefined;

  constructor(private readonly instruments: Instruments) {}

  onApplicationBootstrap(): void {
    const child = spawn('nvidia-smi', ARGUMENTS, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.child = child;
    let told = false;
    // No such program: no card.
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

/** `0, 1234, 81559, 17`: number, used and all memory in MiB, percent of the time. */
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
