import { relative, sep } from 'node:path';

/**
 * Makes a Markdown table with a line for each folder of src/, one for the files beside them, and one for the
 * total.
 *
 * @param {Record<string, Record<'lines' | 'branches', {total: number, covered: number}>>} report Istanbul's
 * `json-summary`
 * @param {string} root folder of the repository
 */
export function coverageTable(report, root) {
  const folders = new Map();
  for (const [file, counts] of Object.entries(report)) {
    if (file === 'total') continue;
    const [, folder, ...rest] = relative(root, file).split(sep);
    const name = rest.length ? `src/${folder}/` : 'src/*.ts';
    folders.set(name, [...(folders.get(name) ?? []), counts]);
  }
  const rows = [...folders].sort(([one], [other]) => (one < other ? -1 : 1));
  rows.push(['all', [report.total]]);
  return [
    '| folder | lines | branches |',
    '| --- | ---: | ---: |',
    ...rows.map(([name, counts]) => `| ${name} | ${share(counts, 'lines')} | ${share(counts, 'branches')} |`),
  ].join('\n');
}

function share(counts, kind) {
  const sum = (what) => counts.reduce((sum, count) => sum + count[kind][what], 0);
  return sum('total') === 0 ? '–' : `${((100 * sum('covered')) / sum('total')).toFixed(1)} %`;
}
