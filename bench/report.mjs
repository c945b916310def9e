import { execFileSync } from 'node:child_process';
import os from 'node:os';

/** @param {number[]} values at least one */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * A row of the table: times or bytes, so less is better, and a ratio above 1 says that we are ahead.
 * @param {string} work
 * @param {string} measured how many of what the numbers come from
 */
export function comparison(work, ours, peer, unit, measured) {
  return { work, ours: rounded(ours), peer: rounded(peer), unit, ratio: rounded(peer / ours, 3), measured };
}

/** Median milliseconds of a step. */
export function stepMilliseconds(steps) {
  return 1000 * median(steps.map((step) => step.seconds));
}

/** Seconds that an epoch of so many sentences takes at the pace of these steps. */
export function epochSeconds(steps, sentences) {
  const sum = (of) => steps.reduce((total, step) => total + step[of], 0);
  return (sum('seconds') / sum('examples')) * sentences;
}

/** The rows as a Markdown table, columns aligned. */
export function table(rows) {
  const head = ['work', 'ours', 'PyTorch', 'unit', 'ratio', 'measured'];
  const cells = rows.map((row) => [
    row.work,
    String(row.ours),
    String(row.peer),
    row.unit,
    `${row.ratio.toFixed(2)}×`,
    row.measured,
  ]);
  return aligned(head, cells, [1, 2, 4]);
}

/**
 * A Markdown table, columns aligned.
 * @param {string[]} head
 * @param {string[][]} cells
 * @param {number[]} numbers which columns stand at the right
 */
export function aligned(head, cells, numbers) {
  const numeric = new Set(numbers);
  const widths = head.map((name, i) => Math.max(name.length, ...cells.map((line) => line[i].length)));
  const format = (line) =>
    `| ${line.map((cell, i) => (numeric.has(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(' | ')} |`;
  const rule = widths.map((width, i) => (numeric.has(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [format(head), format(rule), ...cells.map(format)].join('\n');
}

/** What the numbers hold for. */
export function machine() {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
  };
}

/** The commit that is checked out, with "-modified" where files differ from it; null outside of a git checkout. */
export function commit(folder) {
  const git = (...args) =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const hash = git('rev-parse', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no') === '' ? hash : `${hash}-modified`;
  } catch {
    return null;
  }
}

/** Four digits say enough, and no more is known. */
export function rounded(value, digits = 4) {
  return Number(value.toPrecision(digits));
}
