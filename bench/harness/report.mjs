import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';

/**
 * Makes a row of the results. `ours` and `peer` are the two numbers. `against` names the program of the
 * second one.
 * @param {object} row
 * @param {'difference' | 'share' | 'times' | 'multiple' | 'value'} row.kind how the result is computed: our
 * number minus the other, or our number as a percentage of it; how many times as fast (`less` says whether
 * less is better); how many times as long; or our number alone
 * @param {{atMost?: number, atLeast?: number}} [row.reach] bounds that the result should meet
 * @param {string} row.measured number and kind of the measurements
 */
export function resultRow({ work, ours, peer, against, unit, kind, less = false, reach, measured }) {
  const result = {
    difference: () => ours - peer,
    share: () => (100 * ours) / peer,
    times: () => (less ? peer / ours : ours / peer),
    multiple: () => ours / peer,
    value: () => ours,
  }[kind]();
  const { atMost = Infinity, atLeast = -Infinity } = reach ?? {};
  const moreIsBetter = kind === 'share' || (kind === 'times' && !less);
  return {
    work,
    ours: rounded(ours),
    peer: peer === undefined ? null : rounded(peer),
    against: against ?? null,
    unit,
    // In every row a ratio above 1 means that we are ahead.
    ratio: peer === undefined ? null : rounded(moreIsBetter ? ours / peer : peer / ours, 3),
    result: written(result, kind, unit),
    reach: reach
      ? `${reach.atMost === undefined ? '≥' : '≤'} ${written(reach.atMost ?? reach.atLeast, kind, unit)}`
      : null,
    met: reach ? result <= atMost && result >= atLeast : null,
    measured,
  };
}

/** Four digits are enough, and the measurement is not more exact. */
function rounded(value, digits = 4) {
  return Number(value.toPrecision(digits));
}

function written(value, kind, unit) {
  const digits = (limit) => String(Number(value.toFixed(Math.abs(value) >= 100 ? 0 : limit)));
  if (kind === 'share') return `${value.toFixed(0)} %`;
  if (kind === 'times' || kind === 'multiple') return `${digits(2)}×`;
  return `${digits(2)} ${unit}`;
}

/**
 * Makes a Markdown table with aligned columns.
 * @param {string[]} head
 * @param {string[][]} cells
 * @param {number[]} [numbers] indices of the right-aligned columns
 */
export function markdownTable(head, cells, numbers = []) {
  const numeric = new Set(numbers);
  const widths = head.map((name, i) => Math.max(3, name.length, ...cells.map((line) => line[i].length)));
  const format = (line) =>
    `| ${line.map((cell, i) => (numeric.has(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(' | ')} |`;
  const rule = widths.map((width, i) => (numeric.has(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [format(head), format(rule), ...cells.map(format)].join('\n');
}

/** Describes the machine on which the numbers were measured. */
export function machine() {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    instructions: instructionSets(),
  };
}

/**
 * Returns the processor's extensions that decide the speed of matrix products; none if the system does not
 * report them.
 */
function instructionSets() {
  let flags = [];
  try {
    flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].trim().split(' ') ?? [];
  } catch {
    // The system is not Linux.
  }
  return ['avx2', 'avx512f', 'avx_vnni', 'avx512_vnni', 'avx512_bf16', 'amx_int8'].filter((name) =>
    flags.includes(name),
  );
}

/** Returns the checked-out commit, with "-modified" if files differ from it; null outside of a git checkout. */
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
