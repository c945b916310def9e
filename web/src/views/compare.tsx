import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type {
  ComparedRunDto,
  PairComparisonDto,
  RunComparisonDto,
  RunEvaluationDto,
} from 'wellformed-client';
import { decimal, intervalText, signed } from '../format.js';
import { Chart } from '../parts/chart.js';
import { List } from '../parts/list.js';
import { Show } from '../parts/states.js';
import { hrefTo, route } from '../router.js';
import { useLoaded, wellformed } from '../service.js';
import { texts } from '../texts/en.js';
import { settingText } from './run.js';
import { nameOf, RunState } from './runs.js';

const t = texts.compare;

const REFRESH_MS = 5000;

/** Curves and results of several runs in one view. */
export function Compare(): JSX.Element {
  const ids = (route.value.query.get('ids') ?? '').split(',').filter(Boolean);
  const [isLive, setLive] = useState(false);
  const loaded = useLoaded(
    (signal) => wellformed.api.training.compare({ query: { ids }, signal }),
    [ids.join()],
    isLive ? { every: REFRESH_MS } : {},
  );
  const runs = loaded.value?.runs ?? [];
  useEffect(() => setLive(runs.some(({ finishedAt }) => finishedAt === null)));
  return (
    <>
      <h1>{t.title}</h1>
      <Show of={loaded}>{(comparison) => <Comparison {...comparison} />}</Show>
    </>
  );
}

function Comparison({ runs, differences, pairs }: RunComparisonDto) {
  const names = namesOf(runs);
  const evaluated = (title: string, figure: (evaluation: RunEvaluationDto) => number) => (
    <Chart
      title={title}
      curves={runs.map(({ id, evaluations }, colour) => ({
        name: names.get(id)!,
        colour,
        dots: true,
        points: evaluations.map((evaluation) => [evaluation.step, figure(evaluation)] as const),
      }))}
    />
  );
  const stepped = (title: string, figure: 'loss' | 'learningRate', digits?: number) => (
    <Chart
      title={title}
      digits={digits}
      curves={runs.map(({ id, points }, colour) => ({
        name: names.get(id)!,
        colour,
        points: points.map((point) => [point.step, point[figure]] as const),
      }))}
    />
  );
  return (
    <>
      <div class="sideways" tabIndex={0} role="region" aria-label={t.settings}>
        <table class="comparison">
          <thead>
            <tr>
              <td />
              {runs.map(({ id }) => (
                <th scope="col">
                  <a href={hrefTo(['runs', id])}>
                    <bdi>{names.get(id)}</bdi>
                  </a>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">{texts.runs.columns.status}</th>
              {runs.map((run) => (
                <td>
                  <RunState run={run} />
                </td>
              ))}
            </tr>
            <tr>
              <th scope="row">{texts.runs.columns.mcc}</th>
              {runs.map(({ mcc }) => (
                <td>{decimal(mcc)}</td>
              ))}
            </tr>
            {differences.map(({ name, values }) => (
              <tr>
                <th scope="row">{name}</th>
                {values.map((value) => (
                  <td>{settingText(value)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {differences.length === 0 && <p class="note">{t.same}</p>}
      <h2>{t.pairs}</h2>
      <Pairs pairs={pairs} names={names} />
      <h2>{t.curves}</h2>
      <div class="charts">
        {evaluated(texts.run.mcc, ({ mcc }) => mcc)}
        {stepped(texts.run.trainingLoss, 'loss')}
        {evaluated(texts.run.validationLoss, ({ validationLoss }) => validationLoss)}
        {stepped(texts.run.learningRate, 'learningRate', 8)}
      </div>
    </>
  );
}

/** Says for each pair which run is better, and with which confidence. */
function Pairs({
  pairs,
  names,
}: {
  pairs: readonly PairComparisonDto[];
  names: ReadonlyMap<string, string>;
}) {
  const { pairColumns: columns } = t;
  return (
    <>
      <List
        columns={[columns.pair, columns.result, columns.difference, columns.onlyOne, columns.chance]}
        rows={pairs.map(({ first, second, difference, reason }) => {
          const one = <bdi>{names.get(first)}</bdi>;
          const other = <bdi>{names.get(second)}</bdi>;
          const pair = (
            <>
              {other} {t.against} {one}
            </>
          );
          if (!difference) return { cells: [pair, reason, '', '', ''] };
          const { lower, upper } = difference.mccDifferenceInterval;
          return {
            cells: [
              pair,
              lower > 0 ? (
                <b>
                  {other} {t.better}
                </b>
              ) : upper < 0 ? (
                <b>
                  {one} {t.better}
                </b>
              ) : (
                t.unclear
              ),
              `${signed(difference.mccDifference)} (${intervalText({ lower, upper })})`,
              <>
                {other}: {difference.onlySecondRight}, {one}: {difference.onlyFirstRight}
              </>,
              difference.pValue < 0.001 ? t.hardlyEver : decimal(difference.pValue),
            ],
          };
        })}
      />
      {pairs.some(({ difference }) => difference) && <p class="note">{t.note}</p>}
    </>
  );
}

/** Returns the name of each run. If two runs share a name, the end of the id is added. */
function namesOf(runs: readonly ComparedRunDto[]): Map<string, string> {
  const names = runs.map(nameOf);
  return new Map(
    runs.map(({ id }, index) => {
      const name = names[index]!;
      const isTwice = names.indexOf(name) !== names.lastIndexOf(name);
      return [id, isTwice ? `${name} …${id.slice(-6)}` : name];
    }),
  );
}
