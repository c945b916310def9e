import type { JSX } from 'preact';
import type { SweepSummaryDto } from 'wellformed-client';
import { time } from '../format.js';
import { List } from '../parts/list.js';
import { Paged } from '../parts/paged.js';
import { Empty } from '../parts/states.js';
import { hrefTo } from '../router.js';
import { wellformed } from '../service.js';
import { spaceText } from '../space.js';
import { texts } from '../texts/en.js';

const t = texts.sweeps;

const REFRESH_MS = 5000;
const NEW = ['sweeps', 'new'];

export function Sweeps(): JSX.Element {
  return (
    <>
      <h1>{t.title}</h1>
      <p>{t.intro}</p>
      <p class="actions">
        <a class="button primary" href={hrefTo(NEW)}>
          {t.start}
        </a>
      </p>
      <Paged
        load={(cursor, signal) => wellformed.api.sweeps.list({ query: { cursor, limit: 20 }, signal })}
        every={REFRESH_MS}
        empty={<Empty text={t.empty} link={{ to: NEW, text: t.start }} />}
      >
        {(sweeps) => (
          <List
            columns={[t.columns.name, t.columns.status, t.columns.space, t.columns.runs, t.columns.created]}
            rows={sweeps.map((sweep) => ({
              cells: [
                <>
                  <a href={hrefTo(['sweeps', sweep.id])}>
                    <bdi>{sweepName(sweep)}</bdi>
                  </a>{' '}
                  <small>{texts.runs.on(sweep.baseModel)}</small>
                </>,
                <span class={`status ${sweep.status}`}>{t.statuses[sweep.status] ?? sweep.status}</span>,
                Object.entries(sweep.space)
                  .map(([name, dimension]) => `${name}: ${spaceText(dimension)}`)
                  .join('; '),
                sweep.runCount,
                time(sweep.createdAt),
              ],
            }))}
          />
        )}
      </Paged>
    </>
  );
}

/** One without a name is called by the end of its id. */
export function sweepName({ name, id }: Pick<SweepSummaryDto, 'name' | 'id'>): string {
  return name ?? t.unnamed(id.slice(-6));
}
