import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { RunSummaryDto } from 'wellformed-client';
import { decimal, duration, percent, time, timeOfDay } from '../format.js';
import { Meter } from '../parts/figures.js';
import { List } from '../parts/list.js';
import { Paged } from '../parts/paged.js';
import { Empty } from '../parts/states.js';
import { hrefTo } from '../router.js';
import { wellformed } from '../service.js';
import { texts } from '../texts/en.js';
import { isLive } from './run-actions.js';

const t = texts.runs;

const REFRESH_MS = 5000;
const MOST_COMPARED = 4;

export function Runs(): JSX.Element {
  const [selected, setSelected] = useState<readonly string[]>([]);
  return (
    <>
      <h1>{t.title}</h1>
      <p class="actions">
        <a class="button primary" href={hrefTo(['train'])}>
          {texts.train.start}
        </a>
        {selected.length >= 2 ? (
          <a class="button" href={hrefTo(['runs', 'compare'], { ids: selected.join(',') })}>
            {t.compare(selected.length)}
          </a>
        ) : (
          <span class="note">{t.compareHint}</span>
        )}
      </p>
      <Paged
        load={(cursor, signal) => wellformed.api.training.list({ query: { cursor, limit: 20 }, signal })}
        every={REFRESH_MS}
        empty={<Empty text={t.empty} link={{ to: ['train'], text: texts.train.start }} />}
      >
        {(runs) => <RunTable runs={runs} selected={selected} select={setSelected} />}
      </Paged>
    </>
  );
}

function RunTable({
  runs,
  selected,
  select,
}: {
  runs: readonly RunSummaryDto[];
  selected: readonly string[];
  select: (ids: readonly string[]) => void;
}) {
  const { columns } = t;
  return (
    <List
      named={1}
      columns={['', columns.name, columns.status, columns.mcc, columns.created]}
      rows={runs.map((run) => {
        const isSelected = selected.includes(run.id);
        return {
          cells: [
            <input
              type="checkbox"
              aria-label={t.select(nameOf(run))}
              checked={isSelected}
              disabled={!isSelected && selected.length >= MOST_COMPARED}
              onChange={() =>
                select(isSelected ? selected.filter((id) => id !== run.id) : [...selected, run.id])
              }
            />,
            <>
              <a href={hrefTo(['runs', run.id])}>
                <bdi>{nameOf(run)}</bdi>
              </a>{' '}
              <small>{t.on(run.baseModel)}</small>
            </>,
            <>
              <RunState run={run} />
              {isLive(run) && run.statusReason && (
                <>
                  <br />
                  <small>{run.statusReason}</small>
                </>
              )}
            </>,
            decimal(run.mcc),
            time(run.createdAt),
          ],
        };
      })}
    />
  );
}

/** With a mark of its own for a run that stands still. */
export function RunState({
  run: { status, phase, progress, secondsLeft, estimatedFinish, queuePosition, estimatedStart },
}: {
  run: Pick<
    RunSummaryDto,
    'status' | 'phase' | 'progress' | 'secondsLeft' | 'estimatedFinish' | 'queuePosition' | 'estimatedStart'
  >;
}): JSX.Element {
  const name = t.statuses[status];
  const isRunning = status === 'running';
  const isUnderWay = isRunning || (isLive({ status }) && progress > 0);
  return (
    <span class={`status ${status}`}>
      {isRunning && phase ? t.phases[phase] : name}
      {status === 'preparing' && phase && isBeforeTraining(phase) && `: ${t.phases[phase]}`}
      {isUnderWay && (
        <>
          {' '}
          <Meter share={progress} label={t.columns.progress} /> {percent(progress)}
        </>
      )}
      {isRunning && secondsLeft !== null && estimatedFinish !== null && (
        <small> {t.left(duration(secondsLeft), timeOfDay(estimatedFinish))}</small>
      )}
      {queuePosition !== null && (
        <small> {t.place(queuePosition, estimatedStart === null ? null : timeOfDay(estimatedStart))}</small>
      )}
    </span>
  );
}

/** The phase of a run that was taken up again is that of its last attempt until the next one tells another. */
function isBeforeTraining(phase: NonNullable<RunSummaryDto['phase']>): boolean {
  return phase === 'downloading' || phase === 'preparing';
}

/** Returns the name of a run, which its model will also have. A run without a name is named by the end of its id. */
export function nameOf({ name, id }: Pick<RunSummaryDto, 'name' | 'id'>): string {
  return name ?? `run …${id.slice(-6)}`;
}
