import type { JSX } from 'preact';
import type { ReliabilityBinDto } from 'wellformed-client';
import { percent, whole } from '../format.js';
import { texts } from '../texts/en.js';
import { ChartFrame } from './chart.js';

const SIZE = 100;
/** The lowest confidence of a judgement is that of a coin toss. */
const LEAST = 0.5;
const across = (confidence: number) => (SIZE * (confidence - LEAST)) / (1 - LEAST);
const up = (accuracy: number) => SIZE * (1 - accuracy);
const TICKS = { confidence: [0.5, 0.75, 1], accuracy: [0, 0.5, 1] };

/** A reliability diagram: how often judgements are right, by confidence. */
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
      <svg class="reliability" viewBox={`-20 -6 ${SIZE + 32} ${SIZE + 18}`} role="img" aria-label={title}>
        <rect width={SIZE} height={SIZE} />
        <line x1={0} y1={up(LEAST)} x2={SIZE} y2={up(1)} />
        {TICKS.confidence.map((value) => (
          <text x={across(value)} y={SIZE + 9} text-anchor="middle">
            {percent(value)}
          </text>
        ))}
        {TICKS.accuracy.map((value) => (
          <text x={-2} y={up(value) + 2} text-anchor="end">
            {percent(value)}
          </text>
        ))}
        {bins.map((one) => (
          <circle cx={across(one.confidence)} cy={up(one.accuracy)} r={1 + 4 * Math.sqrt(one.rows / most)}>
            <title>{bin(percent(one.confidence), percent(one.accuracy), one.rows)}</title>
          </circle>
        ))}
      </svg>
      <p class="note">{texts.reliability.note}</p>
    </ChartFrame>
  );
}
