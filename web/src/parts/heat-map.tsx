import type { JSX } from 'preact';
import { decimal } from '../format.js';
import { valueText } from '../space.js';
import { texts } from '../texts/en.js';

export interface HeatCell {
  row: unknown;
  column: unknown;
  value: number;
  /** How many figures it is the mean of. */
  count: number;
}

/** Shades, from the lowest value to the highest. */
const SHADES = 5;

/** Mean values over two settings: a table whose cells are shaded by their value. */
export function HeatMap({
  rowName,
  columnName,
  rows,
  columns,
  cells,
}: {
  rowName: string;
  columnName: string;
  rows: readonly unknown[];
  columns: readonly unknown[];
  cells: readonly HeatCell[];
}): JSX.Element {
  const values = cells.map(({ value }) => value);
  const [lowest, highest] = [Math.min(...values), Math.max(...values)];
  const shadeOf = (value: number) =>
    highest === lowest ? SHADES - 1 : Math.round(((value - lowest) / (highest - lowest)) * (SHADES - 1));
  return (
    <div class="sideways" tabIndex={0} role="region" aria-label={texts.sweep.heatMap}>
      <table class="heat">
        <caption>{texts.sweep.heatMapText(rowName, columnName)}</caption>
        <thead>
          <tr>
            <td>{`${rowName} ↓ ${columnName} →`}</td>
            {columns.map((column) => (
              <th scope="col">{valueText(column)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              <th scope="row">{valueText(row)}</th>
              {columns.map((column) => {
                const cell = cells.find((one) => one.row === row && one.column === column);
                if (!cell) return <td>–</td>;
                return (
                  <td class={`heat-${shadeOf(cell.value)}`}>
                    <b>{decimal(cell.value)}</b> <small>{texts.sweep.meanOf(cell.count)}</small>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
