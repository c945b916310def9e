import { readFileSync } from 'node:fs';
import { aligned, rounded } from '../report.mjs';

/**
 * What is to be reached against PyTorch depends on how fast the machine multiplies integers.
 * @param {string[]} instructions as {@link instructionSets} gives them
 */
export function reachAgainstPyTorch(instructions) {
  return instructions.includes('avx512_vnni') ? { fp32: 2, int8: 5 } : { fp32: 1.1, int8: 1.7 };
}

/** Those of the processor's extensions that decide the speed of matrix products; none where the system does not say. */
export function instructionSets() {
  let flags = [];
  try {
    flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].trim().split(' ') ?? [];
  } catch {
    // Not Linux.
  }
  return ['avx2', 'avx512f', 'avx_vnni', 'avx512_vnni', 'avx512_bf16', 'amx_int8'].filter((name) =>
    flags.includes(name),
  );
}

/**
 * A row of the table. `ours` and `peer` are the two numbers, `against` says whose the second one is.
 * @param {object} row
 * @param {'difference' | 'share' | 'times' | 'multiple' | 'value'} row.kind how the result is made of the two: ours less the other's, or over
 * it in percent; how many times as fast (`less` says whether less is better); how many times as long; or ours alone
 * @param {{atMost?: number, atLeast?: number}} [row.reach] on the result
 */
export function servingRow({ work, ours, peer, against, unit, kind, less = false, reach, measured }) {
  const result = {
    difference: () => ours - peer,
    share: () => (100 * ours) / peer,
    times: () => (less ? peer / ours : ours / peer),
    multiple: () => ours / peer,
    value: () => ours,
  }[kind]();
  const { atMost = Infinity, atLeast = -Infinity } = reach ?? {};
  return {
    work,
    ours: rounded(ours),
    peer: peer === undefined ? null : rounded(peer),
    against: against ?? null,
    unit,
    // As in the table of the training: above 1, we are ahead.
    ratio:
      peer === undefined
        ? null
        : rounded(kind === 'share' || (kind === 'times' && !less) ? ours / peer : peer / ours, 3),
    result: written(result, kind, unit),
    reach: reach
      ? `${reach.atMost === undefined ? '≥' : '≤'} ${written(reach.atMost ?? reach.atLeast, kind, unit)}`
      : null,
    met: reach ? result <= atMost && result >= atLeast : null,
    measured,
  };
}

function written(value, kind, unit) {
  const digits = (limit) => String(Number(value.toFixed(Math.abs(value) >= 100 ? 0 : limit)));
  if (kind === 'share') return `${value.toFixed(0)} %`;
  if (kind === 'times' || kind === 'multiple') return `${digits(2)}×`;
  return `${digits(2)} ${unit}`;
}

/** The rows as a Markdown table. */
export function servingTable(rows) {
  const head = ['work', 'ours', 'other', 'unit', 'against', 'result', 'reach', 'measured'];
  const cells = rows.map(({ work, ours, peer, unit, against, result, reach, met, measured }) => [
    work,
    String(ours),
    peer === null ? '' : String(peer),
    unit,
    against ?? '',
    result,
    met === null ? '' : `${reach} ${met ? '✓' : '✗'}`,
    measured,
  ]);
  return aligned(head, cells, [1, 2, 5]);
}
