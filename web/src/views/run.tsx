import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { RunDto, RunEvaluationDto, RunEvent, RunPointDto } from 'wellformed-client';
import { bytes, decimal, mccText, percent, scientific, time } from '../format.js';
import { useAction } from '../parts/action.js';
import { firstSentences } from '../parts/catalogue.js';
import { Chart, type Curve } from '../parts/chart.js';
import { Confirm } from '../parts/dialog.js';
import { ConfusionMatrix, Facts, Warnings } from '../parts/figures.js';
import { List } from '../parts/list.js';
import { Problem, Show } from '../parts/states.js';
import { goTo, hrefTo } from '../router.js';
import { useLoaded, wellformed } from '../service.js';
import { texts } from '../texts/en.js';
import { RunLog } from './run-log.js';
import { nameOf, RunState } from './runs.js';

const t = texts.run;

/** The view of a run while it happens: its curves, its evaluations, and its end. */
export function Run({ id }: { id: string }): JSX.Element {
  const loaded = useLoaded(
    async (signal) => {
      const [run, metrics] = await Promise.all([
        wellformed.api.training.get({ path: { id }, signal }),
        wellformed.api.training.metrics({ path: { id }, signal }),
      ]);
      return { run, points: metrics.points };
    },
    [id],
  );
  return (
    <Show of={loaded} heading={texts.run.one}>
      {({ run, points }) => <LiveRun key={id} run={run} points={points} reload={loaded.reload} />}
    </Show>
  );
}

function LiveRun({
  run,
  points,
  reload,
}: {
  run: RunDto;
  points: readonly RunPointDto[];
  reload: () => void;
}) {
  const [steps, setSteps] = useState<readonly RunPointDto[]>([]);
  const [log, setLog] = useState<readonly RunEvent[]>([]);
  const isLive = run.status === 'queued' || run.status === 'running';
  const [latest, setLatest] = useState<Partial<RunDto>>({});
  useFollowed(run.id, isLive, (events) => {
    const stepped = events.filter(({ type }) => type === 'step');
    if (stepped.length > 0) {
      setSteps((old) => [...old, ...stepped.map(({ data }) => data as unknown as RunPointDto)]);
      setLatest(stepped.at(-1)!.data as Partial<RunDto>);
    }
    setLog((old) => [...old, ...events.filter(({ type }) => type !== 'step')].slice(-200));
    // Events other than steps change the run itself, so reload it.
    if (stepped.length < events.length) reload();
  });

  const shown = { ...run, ...(isLive ? latest : {}) } as RunDto;
  const lastKnown = points.at(-1)?.step ?? 0;
  const all = [...points, ...steps.filter(({ step }) => step > lastKnown)];
  useTitle(isLive ? `${percent(shown.progress)} ${nameOf(run)}` : nameOf(run));

  const [asks, setAsks] = useState<'cancel' | 'delete'>();
  const act = useAction(async (what: 'cancel' | 'delete') => {
    if (what === 'cancel') {
      await wellformed.api.training.cancel({ path: { id: run.id } });
      return reload();
    }
    await wellformed.api.training.delete({ path: { id: run.id } });
    goTo(['runs']);
  });
  return (
    <>
      <h1>
        <bdi>{nameOf(run)}</bdi>
      </h1>
      <p>
        <RunState run={shown} />
      </p>
      {run.error && (
        <div class="problem">
          <p>{run.error.message}</p>
          <small>
            <code>{run.error.code}</code>
          </small>
        </div>
      )}
      <Warnings of={run.warnings} />
      <Facts
        of={[
          [texts.model.base, run.baseModel],
          [texts.model.data, <a href={hrefTo(['data', run.datasetId])}>{run.datasetId}</a>],
          [texts.model.engine, run.engine],
          [
            texts.runs.columns.progress,
            shown.totalSteps
              ? `${texts.runs.step(shown.step, shown.totalSteps)}, ${texts.runs.epoch(shown.epoch)}`
              : null,
          ],
          [texts.sweep.one, run.sweepId && <a href={hrefTo(['sweeps', run.sweepId])}>{run.sweepId}</a>],
          [texts.runs.columns.created, time(run.createdAt)],
          [t.stoppedEarly, run.stoppedEarly],
          ['', isLive && shown.examplesPerSecond ? t.speed(shown.examplesPerSecond.toFixed(1)) : null],
          [
            '',
            run.download
              ? t.download(
                  run.download.file,
                  run.download.totalBytes
                    ? percent(run.download.bytes / run.download.totalBytes)
                    : bytes(run.download.bytes),
                )
              : null,
          ],
        ]}
      />
      <p class="actions">
        {run.modelId && (
          <a class="button primary" href={hrefTo(['models', run.modelId])}>
            {t.model}
          </a>
        )}
        {run.modelId && (
          <a class="button" href={hrefTo(['try'], { model: run.modelId, s: firstSentences.join('\n') })}>
            {t.tryIt}
          </a>
        )}
        {isLive ? (
          <button onClick={() => setAsks('cancel')}>{t.cancel}</button>
        ) : (
          <button onClick={() => setAsks('delete')}>{texts.common.delete}</button>
        )}
      </p>
      {act.error && <Problem error={act.error} />}
      {asks === 'cancel' && (
        <Confirm
          question={t.cancelAsk}
          action={t.cancel}
          run={() => act.run('cancel')}
          close={() => setAsks(undefined)}
        />
      )}
      {asks === 'delete' && (
        <Confirm
          question={t.deleteAsk}
          action={texts.common.delete}
          run={() => act.run('delete')}
          close={() => setAsks(undefined)}
        />
      )}
      <Curves points={all} evaluations={run.evaluations} />
      <Evaluations evaluations={run.evaluations} />
      <h2>{t.hyperparameters}</h2>
      <Facts of={hyperparametersOf(run)} />
      <RunLog id={run.id} isLive={isLive} />
      <details>
        <summary>{t.log}</summary>
        <ul class="log">
          {log.map(({ id, type, data }) => (
            <li>
              <code>
                {id} {type} {JSON.stringify(data).slice(0, 300)}
              </code>
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

function Curves({
  points,
  evaluations,
}: {
  points: readonly RunPointDto[];
  evaluations: readonly RunEvaluationDto[];
}) {
  if (points.length === 0) return <p class="note">{t.noPoints}</p>;
  const loss: Curve[] = [
    { name: t.trainingLoss, colour: 0, points: points.map(({ step, loss }) => [step, loss]) },
    {
      name: t.validationLoss,
      colour: 1,
      dots: true,
      points: evaluations.map(({ step, validationLoss }) => [step, validationLoss]),
    },
  ];
  const ends = (end: 'lower' | 'upper') =>
    evaluations.flatMap(({ step, mccInterval }) => (mccInterval ? [[step, mccInterval[end]] as const] : []));
  const mcc: Curve[] = [
    { name: 'MCC', colour: 2, dots: true, points: evaluations.map(({ step, mcc }) => [step, mcc]) },
    { name: t.lowerEnd, colour: 2, isBound: true, points: ends('lower') },
    { name: t.upperEnd, colour: 2, isBound: true, points: ends('upper') },
  ];
  const rate: Curve[] = [
    { name: t.learningRate, colour: 3, points: points.map(({ step, learningRate }) => [step, learningRate]) },
  ];
  return (
    <div class="charts">
      <Chart title={t.loss} curves={loss} />
      <Chart title={t.mcc} curves={mcc} />
      <Chart title={t.learningRate} curves={rate} digits={8} />
    </div>
  );
}

function Evaluations({ evaluations }: { evaluations: readonly RunEvaluationDto[] }) {
  const [opened, setOpened] = useState<number>();
  const best = evaluations.findLast((evaluation) => evaluation.best);
  const { evaluationColumns: columns } = t;
  if (evaluations.length === 0) return null;
  const chosen = opened === undefined ? best : evaluations[opened];
  return (
    <>
      <h2>{t.evaluations}</h2>
      <List
        columns={[columns.step, columns.epoch, columns.mcc, columns.accuracy, columns.loss, columns.matrix]}
        rows={evaluations.map((evaluation, index) => ({
          isBest: evaluation === best,
          cells: [
            <>
              {evaluation.step} {evaluation.averaged && t.averaged}
            </>,
            Number(evaluation.epoch.toFixed(2)),
            mccText(evaluation),
            percent(evaluation.accuracy, 1),
            decimal(evaluation.validationLoss),
            <button class="quiet" aria-pressed={chosen === evaluation} onClick={() => setOpened(index)}>
              {columns.matrix}
            </button>,
          ],
        }))}
      />
      {chosen && <ConfusionMatrix matrix={chosen.confusionMatrix} />}
    </>
  );
}

/** Returns the hyperparameters as readable texts. */
function hyperparametersOf({
  hyperparameters,
}: Pick<RunDto, 'hyperparameters'>): [name: string, value: string][] {
  return Object.entries(hyperparameters).map(([name, value]) => [name, settingText(value)]);
}

export function settingText(value: unknown): string {
  return typeof value === 'number' ? scientific(value) : String(value ?? texts.common.none);
}

/**
 * Follows a run while the tab is visible and passes on events in batches. When the tab becomes visible again,
 * it continues without a gap.
 */
function useFollowed(id: string, isLive: boolean, take: (events: readonly RunEvent[]) => void): void {
  const [isVisible, setVisible] = useState(document.visibilityState === 'visible');
  const [last] = useState({ eventId: 0 });
  useEffect(() => {
    const changed = () => setVisible(document.visibilityState === 'visible');
    document.addEventListener('visibilitychange', changed);
    return () => document.removeEventListener('visibilitychange', changed);
  }, []);
  useEffect(() => {
    if (!isLive || !isVisible) return;
    const abort = new AbortController();
    let waiting: RunEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      const events = waiting;
      waiting = [];
      take(events);
    };
    void (async () => {
      for await (const event of wellformed.followRun(id, {
        lastEventId: last.eventId,
        signal: abort.signal,
      })) {
        last.eventId = event.id;
        waiting.push(event);
        // Collect events first: drawing the page for each of a thousand events would block it.
        timer ??= setTimeout(flush, 200);
      }
    })().catch(() => undefined);
    return () => {
      abort.abort();
      clearTimeout(timer);
      if (waiting.length > 0) flush();
    };
  }, [id, isLive, isVisible]);
}

function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} – ${texts.name}`;
    return () => {
      document.title = texts.name;
    };
  }, [title]);
}
