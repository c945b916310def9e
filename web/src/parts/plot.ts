import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { scientific } from '../format.js';
import { texts } from '../texts/en.js';
import type { Curve } from './chart.js';

const HEIGHT = 240;

const brief = (value: number) => scientific(Number(value.toPrecision(4)));

/** Draws curves with uPlot, in the colours of the page. */
export function drawPlot(
  place: HTMLElement,
  curves: readonly Curve[],
  data: readonly (number | null)[][],
): UPlot {
  const style = getComputedStyle(place);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    values: (_plot: UPlot, ticks: number[]) => ticks.map(brief),
    stroke: colour('--text-quiet'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
  };
  return new UPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      scales: { x: { time: false } },
      axes: [axis, { ...axis, size: 60 }],
      cursor: { drag: { x: false, y: false } },
      series: [
        { label: texts.run.steps },
        ...curves.map(({ name, colour: number, dots, isBound }) => ({
          label: name,
          value: (_plot: UPlot, value: number | null) => (value === null ? '–' : brief(value)),
          stroke: colour(`--curve-${number % 5}`),
          width: isBound ? 1 : 2,
          ...(isBound && { dash: [4, 4] }),
          spanGaps: true,
          points: { show: dots === true, size: 7 },
        })),
      ],
    },
    data as UPlot.AlignedData,
    place,
  );
}
