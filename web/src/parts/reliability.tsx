import type { JSX } from 'preact';
import type { ReliabilityBinDto } from 'wellformed-client';
import { percent, whole } from '../format.js';
import { texts } from '../texts/en.js';
import { ChartFrame } from './chart.js';

const SIZE = 100;
/** Judgements are at least as sure as a coin. */
const LEAST = 0.5;
const across = (confidence: number) => (SIZE * (confidence - LEAST)) / (1 - LEAST);

/** How often judgements are right that are so sure. On the line they are as right as they are sure. */
export function Reliability({
  title,
  bins,
}: {
  title: string;
  bins: readonly ReliabilityBinDto[];
}): JSX.Element {
  const most = Math.max(...bins.map(({ rows }) => rows));
  const { confidence, accuracy, rows, bin } = texts.reliability;
  return (
    <ChartFrame
      title={title}
      table={{
        columns: [confidence, accuracy, rows],
        rows: bins.map((one) => [percent(one.confidence), percent(one.accuracy), whole(one.rows)]),
      }}
    >
      <svg class="reliability" viewBox={`-6 -6 ${SIZE + 12} ${SIZE + 12}`} role="img" aria-label={title}>
        <rect width={SIZE} height={SIZE} />
        <line x1={0} y1={SIZE / 2} x2={SIZE} y2={0} />
        {bins.map((one) => (
          <circle
            cx={across(one.confidence)}
            cy={SIZE * (1 - one.accuracy)}
            r={1 + 4 * Math.sqrt(one.rows / most)}
          >
            <title>{bin(percent(one.confidence), percent(one.accuracy), one.rows)}</title>
          </circle>
        ))}
      </svg>
      <p class="note">{texts.reliability.note}</p>
    </ChartFrame>
  );
}
