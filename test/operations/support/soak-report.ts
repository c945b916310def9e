import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { quantile, slope } from '../../../bench/serving/statistics.mjs';

/** What is looked at every few seconds. */
export interface SoakSample {
  /** Since the load began. */
  seconds: number;
  residentMiB: number;
  heapMiB: number;
  openFiles: number;
  threads: number;
  dataMiB: number;
  /** Tensors of the engine between two steps of a training; undefined while none trains. */
  tensors?: number;
}

export type SoakMeasure = Exclude<keyof SoakSample, 'seconds'>;

export interface Trend {
  median: number;
  /** From the first sample to the last, along the line that fits best. */
  growth: number;
}

/** How a measure went, the first part of the time left out: until then everything happens for the first time. */
export function trendOf(samples: readonly SoakSample[], measure: SoakMeasure, settling = 0.4): Trend {
  const end = samples.at(-1)!.seconds;
  const points = samples
    .filter(({ seconds }) => seconds >= settling * end)
    .flatMap((sample) => (sample[measure] === undefined ? [] : [{ x: sample.seconds, y: sample[measure] }]));
  if (points.length < 2) return { median: Number.NaN, growth: 0 };
  const median = quantile(
    points.map(({ y }) => y),
    0.5,
  );
  return { median, growth: slope(points) * (points.at(-1)!.x - points[0]!.x) };
}

/** Writes what was measured as a table and, for a closer look, all samples. @returns the path of the table */
export function writeSoakReport(
  folder: string,
  facts: {
    minutes: number;
    done: Record<string, number>;
    errors: readonly string[];
    samples: readonly SoakSample[];
  },
): string {
  const { minutes, done, errors, samples } = facts;
  const measures: SoakMeasure[] = ['residentMiB', 'heapMiB', 'openFiles', 'threads', 'dataMiB', 'tensors'];
  const rows = measures.map((measure) => {
    const { median, growth } = trendOf(samples, measure);
    const values = samples.flatMap((sample) => sample[measure] ?? []);
    return `| ${measure} | ${show(Math.min(...values))} | ${show(median)} | ${show(Math.max(...values))} | ${show(growth)} |`;
  });
  const text = [
    `# Soak of ${minutes} minutes, ${new Date().toISOString()}`,
    '',
    ...Object.entries(done).map(([name, times]) => `- ${name}: ${times}`),
    `- errors: ${errors.length}`,
    ...errors.map((error) => `    - ${error}`),
    '',
    '| measure | least | median | most | growth |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    'Median and growth are those of the last 60 % of the time.',
    '',
  ].join('\n');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'soak.md');
  writeFileSync(file, text);
  writeFileSync(path.join(folder, 'soak.json'), JSON.stringify({ ...facts, samples }, null, 1));
  return file;
}

function show(value: number): string {
  return Number.isFinite(value) ? value.toFixed(1) : '–';
}
