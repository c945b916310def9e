import type { JSX } from 'preact';
import type { ModelSummaryDto } from 'wellformed-client';
import { bytes, mccText, time, whole } from '../format.js';
import { List } from '../parts/list.js';
import { Paged } from '../parts/paged.js';
import { Empty } from '../parts/states.js';
import { hrefTo } from '../router.js';
import { wellformed } from '../service.js';
import { texts } from '../texts/en.js';

const t = texts.models;

export function Models(): JSX.Element {
  return (
    <>
      <h1>{t.title}</h1>
      <Paged
        load={(cursor, signal) => wellformed.api.models.list({ query: { cursor, limit: 20 }, signal })}
        empty={<Empty text={t.empty} link={{ to: ['train'], text: texts.train.start }} />}
      >
        {(models) => <ModelTable models={models} />}
      </Paged>
    </>
  );
}

function ModelTable({ models }: { models: readonly ModelSummaryDto[] }) {
  const { columns } = t;
  return (
    <List
      columns={[columns.name, columns.mcc, columns.aliases, columns.size, columns.created]}
      rows={models.map(({ id, name, best, aliases, bytes: size, createdAt }) => ({
        cells: [
          <a href={hrefTo(['models', id])}>
            <bdi>{name}</bdi>
          </a>,
          <>
            {mccText(best)} <small>{t.mccOf(best.rows).replace(String(best.rows), whole(best.rows))}</small>
          </>,
          aliases.map((alias) => <span class="tag">{alias}</span>),
          bytes(size),
          time(createdAt),
        ],
      }))}
    />
  );
}
