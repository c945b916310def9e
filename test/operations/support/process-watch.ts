import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** What a process uses at a moment. */
export interface ProcessSample {
  /** Since the watch began. */
  seconds: number;
  residentMiB: number;
  openFiles: number;
  threads: number;
}

/** What a running process uses, as Linux tells it. */
export function sampleProcess(pid: number): Omit<ProcessSample, 'seconds'> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const number = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)![1]);
  return {
    residentMiB: number('VmRSS') / 1024,
    openFiles: readdirSync(`/proc/${pid}/fd`).length,
    threads: number('Threads'),
  };
}

/** Bytes of all files under a path. What is removed meanwhile does not count. */
export function bytesOf(where: string): number {
  const found = statSync(where, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return found?.size ?? 0;
  try {
    return readdirSync(where).reduce((sum, name) => sum + bytesOf(path.join(where, name)), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Of a page of metrics: the value of a series, with its labels; undefined where it is not there. */
export function metricIn(page: string, series: string): number | undefined {
  const line = page.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
