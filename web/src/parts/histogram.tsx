import type { JSX } from 'preact';
import type { LengthBinDto } from 'wellformed-client';
import { whole } from '../format.js';
import { texts } from '../texts/en.js';
import { ChartFrame } from './chart.js';

/** Sizes in units of the drawing, which is stretched to the available width. */
const [BAR, GAP, HEIGHT] = [9, 1, 60];

/** A histogram of sentence lengths. */
export function Histogram({ title, bins }: { title: string; bins: readonly LengthBinDto[] }): JSX.Element {
  const most = Math.max(...bins.map(({ rows }) => rows));
  const named = bins.map(({ from, to, rows }) => ({
    rows,
    range: from === to ? `${from}` : `${from}–${to}`,
  }));
  return (
    <ChartFrame
      title={title}
      table={{
        columns: [texts.data.words, texts.data.sentences],
        rows: named.map(({ range, rows }) => [range, whole(rows)]),
      }}
    >
      <svg
        class="histogram"
        viewBox={`0 0 ${bins.length * (BAR + GAP) - GAP} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={title}
      >
        {named.map(({ range, rows }, i) => {
          // A single sentence must be visible next to a thousand.
          const height = rows === 0 ? 0 : Math.max(1, (HEIGHT * rows) / most);
          return (
            <rect x={i * (BAR + GAP)} y={HEIGHT - height} width={BAR} height={height}>
              <title>{texts.data.bin(range, rows)}</title>
            </rect>
          );
        })}
      </svg>
      <p class="axis" aria-hidden="true">
        <span>{named[0]!.range}</span>
        <span>{named.at(-1)!.range}</span>
      </p>
    </ChartFrame>
  );
}
