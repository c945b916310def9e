import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { decimal } from '../format.js';
import { texts } from '../texts/en.js';

export interface Curve {
  name: string;
  /** Points in order of x. */
  points: readonly (readonly [x: number, y: number])[];
  /** Index of the curve colour, from 0. */
  colour: number;
  /** Whether each point is marked. Use it for curves with few points. */
  dots?: boolean;
  /** Whether the curve is a bound of an interval. It is drawn thin and dashed. */
  isBound?: boolean;
}

/** Curves over training steps, with a hidden table of the same numbers. */
export function Chart({
  title,
  curves,
  digits = 3,
}: {
  title: string;
  curves: readonly Curve[];
  digits?: number;
}): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const { xs, ys } = joined(curves);
  const data = [xs, ...ys];
  const plot = useRef<{ setData: (data: never) => void; destroy: () => void } | undefined>(undefined);
  const names = curves.map(({ name }) => name).join('\n');

  useEffect(() => {
    let isGone = false;
    let observer: ResizeObserver | undefined;
    // The plot library is half of the page's code. Load it only when a chart is shown.
    void import('./plot.js').then(({ drawPlot }) => {
      if (isGone || !place.current) return;
      const drawn = drawPlot(place.current, curves, data);
      plot.current = drawn;
      observer = new ResizeObserver(([entry]) =>
        drawn.setSize({ width: entry!.contentRect.width, height: drawn.height }),
      );
      observer.observe(place.current);
    });
    return () => {
      isGone = true;
      observer?.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [names]);

  useEffect(() => plot.current?.setData(data as never));

  return (
    <ChartFrame
      title={title}
      table={{
        columns: [texts.run.steps, ...curves.map(({ name }) => name)],
        rows: xs.map((x, row) => [x, ...ys.map((column) => decimal(column[row], digits))]),
      }}
    >
      <div ref={place} role="img" aria-label={title} />
    </ChartFrame>
  );
}

/** A drawing with a heading, and its numbers as a table on demand. */
export function ChartFrame({
  title,
  table,
  children,
}: {
  title: string;
  table: {
    columns: readonly string[];
    rows: readonly (readonly [string | number, ...(string | number)[]])[];
  };
  children: ComponentChildren;
}): JSX.Element {
  const [showsTable, setShowsTable] = useState(false);
  return (
    <figure class="chart">
      <figcaption>
        <h2>{title}</h2>
        <button
          type="button"
          class="quiet"
          aria-expanded={showsTable}
          onClick={() => setShowsTable(!showsTable)}
        >
          {texts.common.table}
        </button>
      </figcaption>
      {children}
      {showsTable && (
        <div class="scroll" tabIndex={0} role="region" aria-label={title}>
          <table>
            <thead>
              <tr>
                {table.columns.map((column) => (
                  <th scope="col">{column}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows.map(([first, ...others]) => (
                <tr>
                  <th scope="row">{first}</th>
                  {others.map((value) => (
                    <td>{value}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </figure>
  );
}

/** Puts all curves on the union of their x values. A curve is null where it has no point. */
function joined(curves: readonly Curve[]): { xs: number[]; ys: (number | null)[][] } {
  const xs = [...new Set(curves.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const rowOf = new Map(xs.map((x, row) => [x, row]));
  const ys = curves.map(({ points }) => {
    const column = new Array<number | null>(xs.length).fill(null);
    for (const [x, y] of points) column[rowOf.get(x)!] = y;
    return column;
  });
  return { xs, ys };
}
