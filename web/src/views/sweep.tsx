import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type {
  CombinationResultDto,
  CombinationRunDto,
  EffectDto,
  SweepDto,
  SweepResultsDto,
} from 'wellformed-client';
import { decimal, duration, intervalText, percent, time } from '../format.js';
import { useAction } from '../parts/action.js';
import { Confirm } from '../parts/dialog.js';
import { Facts, Meter } from '../parts/figures.js';
import { HeatMap, type HeatCell } from '../parts/heat-map.js';
import { List } from '../parts/list.js';
import { Problem, Show } from '../parts/states.js';
import { goTo, hrefTo } from '../router.js';
import { useLoaded, wellformed } from '../service.js';
import { spaceText, valueText } from '../space.js';
import { texts } from '../texts/en.js';
import { sweepName } from './sweeps.js';

const t = texts.sweep;

const REFRESH_MS = 3000;

/** A sweep: how far it is, its combinations, and what each hyperparameter does. */
export function Sweep({ id }: { id: string }): JSX.Element {
  const [isLive, setLive] = useState(true);
  const loaded = useLoaded(
    async (signal) => {
      const [sweep, results] = await Promise.all([
        wellformed.api.sweeps.get({ path: { id }, signal }),
        wellformed.api.sweeps.results({ path: { id }, signal }),
      ]);
      return { sweep, results };
    },
    [id],
    isLive ? { every: REFRESH_MS } : {},
  );
  const finished = loaded.value?.sweep.finishedAt ?? null;
  useEffect(() => setLive(finished === null), [finished]);
  return (
    <Show of={loaded} heading={t.one}>
      {({ sweep, results }) => (
        <>
          <State sweep={sweep} reload={loaded.reload} />
          <Results sweep={sweep} results={results} />
        </>
      )}
    </Show>
  );
}

const hasEnded = ['succeeded', 'failed', 'cancelled'];

type Step = 'pause' | 'resume' | 'cancel' | 'delete';

function State({ sweep, reload }: { sweep: SweepDto; reload: () => void }) {
  const { id, status, progress, best, runCount } = sweep;
  const [asks, setAsks] = useState<'cancel' | 'delete'>();
  const act = useAction(async (step: Step) => {
    await wellformed.api.sweeps[step]({ path: { id } });
    if (step === 'delete') goTo(['sweeps']);
    else reload();
  });
  const ended = progress.started
    .filter(({ status }) => hasEnded.includes(status))
    .reduce((sum, { runs }) => sum + runs, 0);
  return (
    <>
      <h1>
        <bdi>{sweepName(sweep)}</bdi>
      </h1>
      <p class={`status ${status}`}>
        {texts.sweeps.statuses[status] ?? status}:{' '}
        {sweep.finishedAt === null && <Meter share={ended / runCount} label={texts.runs.columns.progress} />}{' '}
        {t.ended(ended, runCount)}
        {progress.secondsLeft !== null && <small> {t.left(duration(progress.secondsLeft))}</small>}
      </p>
      {sweep.error && (
        <div class="problem">
          <p>{sweep.error.message}</p>
        </div>
      )}
      <Facts
        of={[
          [texts.model.base, sweep.baseModel],
          [texts.model.data, <a href={hrefTo(['data', sweep.datasetId])}>{sweep.datasetId}</a>],
          [t.method, sweep.method],
          ...Object.entries(sweep.space).map(([name, dimension]) => [name, spaceText(dimension)] as const),
          [t.rungs, sweep.rungs && t.rungsText(sweep.rungs.join(', '), sweep.reductionFactor!)],
          [t.seeds, sweep.seeds.join(', ')],
          [t.budget, sweep.budget.minutes === null ? null : duration(60 * sweep.budget.minutes)],
          [t.trained, progress.seconds > 0 ? duration(progress.seconds) : null],
          [texts.runs.columns.created, time(sweep.createdAt)],
        ]}
      />
      <p class="actions">
        {best?.modelId && (
          <a class="button primary" href={hrefTo(['models', best.modelId])}>
            {t.model}
          </a>
        )}
        {status === 'running' && <button onClick={() => act.run('pause')}>{t.pause}</button>}
        {status === 'paused' && <button onClick={() => act.run('resume')}>{t.resume}</button>}
        {(status === 'running' || status === 'paused') && (
          <button onClick={() => setAsks('cancel')}>{t.cancel}</button>
        )}
        {sweep.finishedAt !== null && (
          <button onClick={() => setAsks('delete')}>{texts.common.delete}</button>
        )}
      </p>
      {act.error && <Problem error={act.error} />}
      {asks && (
        <Confirm
          question={asks === 'cancel' ? t.cancelAsk : t.deleteAsk}
          action={asks === 'cancel' ? t.cancel : texts.common.delete}
          run={() => act.run(asks)}
          close={() => setAsks(undefined)}
        />
      )}
    </>
  );
}

function Results({ sweep, results }: { sweep: SweepDto; results: SweepResultsDto }) {
  const { combinations, effects } = results;
  if (combinations.length === 0) return <p>{t.nothing}</p>;
  return (
    <>
      <h2>{t.combinations}</h2>
      <Combinations sweep={sweep} combinations={combinations} />
      <LearningRateByBatchSize sweep={sweep} combinations={combinations} />
      {effects.length > 0 && (
        <>
          <h2>{t.effects}</h2>
          <p class="note">{t.effectsNote}</p>
          {effects.map((effect) => (
            <Effect key={effect.name} of={effect} />
          ))}
        </>
      )}
    </>
  );
}

function Combinations({
  sweep,
  combinations,
}: {
  sweep: SweepDto;
  combinations: readonly CombinationResultDto[];
}) {
  const varied = Object.keys(sweep.space).filter((name) => {
    const values = combinations.map(({ hyperparameters }) => valueText(settingOf(hyperparameters, name)));
    return new Set(values).size > 1;
  });
  const names = varied.length > 0 ? varied : Object.keys(sweep.space);
  return (
    <>
      <List
        columns={['MCC', t.interval, ...names, ...(sweep.rungs ? [t.rung] : []), texts.sweeps.columns.runs]}
        rows={combinations.map(({ hyperparameters, mcc, trained, interval, runs }, index) => ({
          isBest: trained && index === 0,
          cells: [
            trained || mcc === null ? decimal(mcc) : t.soFar(decimal(mcc)),
            interval ? intervalText(interval) : '–',
            ...names.map((name) => valueText(settingOf(hyperparameters, name))),
            ...(sweep.rungs ? [runs.map(rungText).join(', ')] : []),
            runs.map(({ id, seed, status, mcc: own }) => (
              <>
                <a href={hrefTo(['runs', id])} title={t.runOf(seed, texts.runs.statuses[status] ?? status)}>
                  {status === 'succeeded' ? decimal(own) : (texts.runs.statuses[status] ?? status)}
                </a>{' '}
              </>
            )),
          ],
        }))}
      />
      <p class="note">{sweep.seeds.length > 1 ? t.seedsNote : t.rowsNote}</p>
    </>
  );
}

/** How far a trial of successive halving has come. */
function rungText({ status, rung, epochs }: CombinationRunDto): string {
  if (status === 'succeeded') return t.toTheEnd;
  const at = t.atRung(rung!, epochs);
  if (hasEnded.includes(status)) return t.endedAt(at);
  return status === 'paused' && rung! > 0 ? t.waitsAt(at) : at;
}

/** Where both are lists: the mean over all else. */
function LearningRateByBatchSize({
  sweep: { space },
  combinations,
}: {
  sweep: SweepDto;
  combinations: readonly CombinationResultDto[];
}) {
  const { learningRate: rows, batchSize: columns } = space;
  if (!Array.isArray(rows) || !Array.isArray(columns) || rows.length * columns.length < 2) return null;
  const cells = rows.flatMap((row) =>
    columns.flatMap((column): HeatCell[] => {
      const runs = combinations
        .filter(
          ({ hyperparameters: { learningRate, batchSize } }) => learningRate === row && batchSize === column,
        )
        .flatMap((combination) => combination.runs)
        .filter(({ status, mcc }) => status === 'succeeded' && mcc !== null);
      if (runs.length === 0) return [];
      const value = runs.reduce((sum, { mcc }) => sum + mcc!, 0) / runs.length;
      return [{ row, column, value, count: runs.length }];
    }),
  );
  if (cells.length === 0) return null;
  return (
    <>
      <h2>{t.heatMap}</h2>
      <HeatMap rowName="learningRate" columnName="batchSize" rows={rows} columns={columns} cells={cells} />
    </>
  );
}

function Effect({ of: { name, varianceShare, values } }: { of: EffectDto }) {
  return (
    <section aria-labelledby={`effect-${name}`}>
      <h3 id={`effect-${name}`}>
        {name} {varianceShare !== null && <small>{t.share(percent(varianceShare))}</small>}
      </h3>
      <List
        columns={[t.value, 'MCC', t.interval, texts.sweeps.columns.runs]}
        rows={values.map(({ value, from, to, mcc, interval, runs }) => ({
          cells: [
            from === null ? valueText(value) : texts.train.range(valueText(from), valueText(to)),
            decimal(mcc),
            interval ? intervalText(interval) : '–',
            runs,
          ],
        }))}
      />
    </section>
  );
}

function settingOf(hyperparameters: object, name: string): unknown {
  return (hyperparameters as Record<string, unknown>)[name];
}
