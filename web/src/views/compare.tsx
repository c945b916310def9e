import type { JSX } from 'preact';
import type { RunDto, RunPointDto } from 'wellformed-client';
import { decimal } from '../format.js';
import { Chart } from '../parts/chart.js';
import { Show } from '../parts/states.js';
import { hrefTo, route } from '../router.js';
import { useLoaded, wellformed } from '../service.js';
import { texts } from '../texts/en.js';
import { hyperparametersOf } from './run.js';
import { nameOf, RunState } from './runs.js';

const t = texts.compare;

interface Compared {
  run: RunDto;
  points: readonly RunPointDto[];
}

/** Several runs over each other. */
export function Compare(): JSX.Element {
  const ids = (route.value.query.get('ids') ?? '').split(',').filter(Boolean);
  const loaded = useLoaded(
    (signal) =>
      Promise.all(
        ids.map(async (id): Promise<Compared> => {
          const [run, metrics] = await Promise.all([
            wellformed.api.training.get({ path: { id }, signal }),
            wellformed.api.training.metrics({ path: { id }, signal }),
          ]);
          return { run, points: metrics.points };
        }),
      ),
    [ids.join()],
  );
  return (
    <>
      <h1>{t.title}</h1>
      <Show of={loaded}>{(compared) => <Comparison compared={compared} />}</Show>
    </>
  );
}

function Comparison({ compared }: { compared: readonly Compared[] }) {
  const settings = compared.map(
    ({ run }) => new Map([['baseModel', run.baseModel], ...hyperparametersOf(run)]),
  );
  const names = [...new Set(settings.flatMap((setting) => [...setting.keys()]))];
  const differing = names.filter((name) => new Set(settings.map((setting) => setting.get(name))).size > 1);
  return (
    <>
      <table class="comparison">
        <thead>
          <tr>
            <td />
            {compared.map(({ run }) => (
              <th scope="col">
                <a href={hrefTo(['runs', run.id])}>
                  <bdi>{nameOf(run)}</bdi>
                </a>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{texts.runs.columns.status}</th>
            {compared.map(({ run }) => (
              <td>
                <RunState run={run} />
              </td>
            ))}
          </tr>
          <tr>
            <th scope="row">{texts.runs.columns.mcc}</th>
            {compared.map(({ run }) => (
              <td>{decimal(run.mcc)}</td>
            ))}
          </tr>
          {differing.map((name) => (
            <tr class="differs">
              <th scope="row">{name}</th>
              {settings.map((setting) => (
                <td>{setting.get(name)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {differing.length === 0 && <p class="note">{t.same}</p>}
      <div class="charts">
        <Chart
          title={texts.run.mcc}
          curves={compared.map(({ run }, colour) => ({
            name: nameOf(run),
            colour,
            dots: true,
            points: run.evaluations.map(({ step, mcc }) => [step, mcc] as const),
          }))}
        />
        <Chart
          title={texts.run.trainingLoss}
          curves={compared.map(({ run, points }, colour) => ({
            name: nameOf(run),
            colour,
            points: points.map(({ step, loss }) => [step, loss] as const),
          }))}
        />
        <Chart
          title={texts.run.validationLoss}
          curves={compared.map(({ run }, colour) => ({
            name: nameOf(run),
            colour,
            dots: true,
            points: run.evaluations.map(({ step, validationLoss }) => [step, validationLoss] as const),
          }))}
        />
      </div>
    </>
  );
}
