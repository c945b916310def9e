import { markdownTable } from '../harness/report.mjs';
import { workNames } from './works.mjs';

/**
 * Returns the goals against PyTorch, which depend on how fast the machine multiplies integers.
 * @param {string[]} instructions of `machine()`
 */
export function reachAgainstPyTorch(instructions) {
  return instructions.includes('avx512_vnni') ? { fp32: 2, int8: 5 } : { fp32: 1.1, int8: 1.7 };
}

/** Formats the rows as Markdown: a table for each work, with the amount that was measured above it. */
export function servingTables(rows) {
  const works = [...new Set(rows.map(workOf))];
  return works
    .map((work) =>
      workTable(
        work,
        rows.filter((row) => workOf(row) === work),
      ),
    )
    .join('\n\n');
}

/** The name of a row begins with that of its work. */
function workOf({ work }) {
  return workNames.find((name) => work.startsWith(name)) ?? '';
}

function workTable(work, rows) {
  const cells = rows.map(({ work: name, ours, peer, unit, against, result, reach, met }) => [
    what(name, work),
    `${ours} ${unit}`,
    peer === null ? '' : `${peer} ${unit}, ${against}`,
    result,
    met === null ? '' : `${reach} ${met ? '✓' : '✗'}`,
  ]);
  const [{ measured }] = rows;
  const others = rows.filter((row) => row.measured !== measured);
  return [
    `**${work}** (${measured})`,
    markdownTable(['what', 'ours', 'other', 'result', 'reach'], cells, [1, 3]),
    ...others.map((row) => `${what(row.work, work)}: ${row.measured}`),
  ].join('\n\n');
}

function what(name, work) {
  return name.slice(work.length).replace(/^[,:] /, '');
}
