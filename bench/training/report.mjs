import { markdownTable } from '../harness/report.mjs';
import { median } from '../harness/statistics.mjs';

/** Returns the median duration of a step in milliseconds. */
export function stepMilliseconds(steps) {
  return 1000 * median(steps.map((step) => step.seconds));
}

/** Returns the seconds of an epoch with this many sentences at the pace of these steps. */
export function epochSeconds(steps, sentences) {
  const sum = (of) => steps.reduce((total, step) => total + step[of], 0);
  return (sum('seconds') / sum('examples')) * sentences;
}

/** Formats the rows as a Markdown table. */
export function trainingTable(rows) {
  const cells = rows.map(({ work, ours, peer, unit, ratio, measured }) => [
    work,
    `${ours} ${unit}`,
    `${peer} ${unit}`,
    `${ratio.toFixed(2)}×`,
    measured,
  ]);
  return markdownTable(['work', 'ours', 'PyTorch', 'ratio', 'measured'], cells, [1, 2, 3]);
}

/**
 * Formats a line for each run: training losses and MCCs of its epochs, and the interval of the best MCC.
 * @param {{name: string, epochs: {trainingLoss: number, mcc: number, confusionMatrix: object}[]}[]} runs
 * @param {(confusionMatrix: object) => {lower: number, upper: number}} interval
 */
export function curvesTable(runs, interval) {
  const cells = runs.map(({ name, epochs }) => {
    // The first of equally good epochs, as in the service.
    const best = epochs.reduce((a, b) => (b.mcc > a.mcc ? b : a));
    const { lower, upper } = interval(best.confusionMatrix);
    const series = (of) => epochs.map((epoch) => epoch[of].toFixed(3)).join(' / ');
    const kept = `${best.mcc.toFixed(3)} [${lower.toFixed(3)}, ${upper.toFixed(3)}]`;
    return [name, series('trainingLoss'), series('mcc'), kept];
  });
  return markdownTable(['run', 'training loss by epoch', 'MCC by epoch', 'kept'], cells);
}
