import type { ComponentChildren, JSX } from 'preact';

export interface ListRow {
  /** One cell for each column. */
  cells: readonly ComponentChildren[];
  isBest?: boolean;
}

/**
 * A table with a heading for each column; '' for a column without one. On a narrow window each row becomes a
 * card, with each value behind its heading.
 * @param named index of the column that names the row
 */
export function List({
  columns,
  rows,
  named = 0,
}: {
  columns: readonly string[];
  rows: readonly ListRow[];
  named?: number;
}): JSX.Element {
  return (
    <table class="list">
      <thead>
        <tr>{columns.map((column) => (column === '' ? <td /> : <th scope="col">{column}</th>))}</tr>
      </thead>
      <tbody>
        {rows.map(({ cells, isBest }) => (
          <tr class={isBest ? 'best' : ''}>
            {cells.map((cell, index) =>
              index === named ? (
                <th scope="row">{cell}</th>
              ) : (
                <td data-heading={columns[index] || undefined}>{cell}</td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
