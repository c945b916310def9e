import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GpuMonitor } from './gpu-monitor.js';
import { Instruments } from './instruments.js';

/** Scripts replace the driver's program, because few machines have a GPU. */
describe.skipIf(process.platform === 'win32')('GpuMonitor', () => {
  let folder: string;
  let monitor: GpuMonitor;
  let instruments: Instruments;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'wellformed-gpu-'));
    instruments = new Instruments();
    monitor = new GpuMonitor(instruments);
  });
  afterEach(() => {
    monitor.onApplicationShutdown();
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  /** Starts the monitor with this script as driver program, or without a driver. */
  function start(script: string | null): void {
    if (script !== null) {
      const program = path.join(folder, 'nvidia-smi');
      writeFileSync(program, `#!/bin/sh\n${script}\n`);
      chmodSync(program, 0o755);
    }
    vi.stubEnv('PATH', script === null ? folder : `${folder}:${process.env.PATH}`);
    monitor.onApplicationBootstrap();
  }

  const shown = async () =>
    (await instruments.registry.metrics()).match(/^wellformed_gpu_.*/gm)?.toSorted() ?? [];

  it('shows what the driver tells of each card', async () => {
    start('echo "0, 1024, 81559, 25"; echo "1, 2048, 40960, [N/A]"; exec sleep 60');
    await vi.waitFor(async () => expect(await shown()).toHaveLength(5), { timeout: 10_000 });
    expect(await shown()).toEqual([
      'wellformed_gpu_memory_bytes{gpu="0"} 85520809984',
      'wellformed_gpu_memory_bytes{gpu="1"} 42949672960',
      'wellformed_gpu_memory_used_bytes{gpu="0"} 1073741824',
      'wellformed_gpu_memory_used_bytes{gpu="1"} 2147483648',
      'wellformed_gpu_utilization_ratio{gpu="0"} 0.25',
    ]);
  });

  it('asks for these figures, again and again', async () => {
    start(`echo "$@" > ${folder}/asked; echo "0, 1, 2, 3"; exec sleep 60`);
    await vi.waitFor(async () => expect(await shown()).not.toEqual([]), { timeout: 10_000 });
    expect(readFileSync(`${folder}/asked`, 'utf8')).toContain(
      '--query-gpu=index,memory.used,memory.total,utilization.gpu --format=csv,noheader,nounits --loop=',
    );
  });

  it('shows nothing once the driver tells nothing any more', async () => {
    start(`echo "0, 1, 2, 3"; while [ ! -e ${folder}/end ]; do sleep 0.05; done`);
    await vi.waitFor(async () => expect(await shown()).toHaveLength(3), { timeout: 10_000 });
    writeFileSync(`${folder}/end`, '');
    await vi.waitFor(async () => expect(await shown()).toEqual([]), { timeout: 10_000 });
  });

  it('shows nothing where there is no driver, or one that cannot talk to a card', async () => {
    start(null);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await shown()).toEqual([]);
    start("echo 'NVIDIA-SMI has failed, since it, sees, no card'; exit 9");
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await shown()).toEqual([]);
  });
});
