/**
 * A line for each run: training losses and MCCs of its epochs, and the interval of the best one's MCC.
 * @param {{name: string, epochs: {trainingLoss: number, mcc: number, confusionMatrix: object}[]}[]} runs
 * @param {(confusionMatrix: object) => {lower: number, upper: number}} interval
 */
export function curvesTable(runs, interval) {
  const lines = runs.map(({ name, epochs }) => {
    // The first of the best, as the service keeps it.
    const best = epochs.reduce((a, b) => (b.mcc > a.mcc ? b : a));
    const { lower, upper } = interval(best.confusionMatrix);
    const series = (of) => epochs.map((epoch) => epoch[of].toFixed(3)).join(' / ');
    const kept = `${best.mcc.toFixed(3)} [${lower.toFixed(3)}, ${upper.toFixed(3)}]`;
    return [name, series('trainingLoss'), series('mcc'), kept];
  });
  const head = ['run', 'training loss by epoch', 'MCC by epoch', 'kept'];
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
