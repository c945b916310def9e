import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { DatasetDto } from 'wellformed-client';
import { percent, time, whole } from '../format.js';
import { useAction } from '../parts/action.js';
import { Licence } from '../parts/catalogue.js';
import { Confirm } from '../parts/dialog.js';
import { Facts, Meter } from '../parts/figures.js';
import { Histogram } from '../parts/histogram.js';
import { List } from '../parts/list.js';
import { Paged } from '../parts/paged.js';
import { useSettled } from '../parts/settled.js';
import { Problem, Show } from '../parts/states.js';
import { goTo, hrefTo } from '../router.js';
import { useLoaded, wellformed } from '../service.js';
import { texts } from '../texts/en.js';

const t = texts.data;

/** Delay between the last key press and the search, in milliseconds. */
const PAUSE_MS = 250;

/** The view of a data set: report and rows. */
export function Dataset({ id }: { id: string }): JSX.Element {
  const loaded = useLoaded((signal) => wellformed.api.datasets.get({ path: { id }, signal }), [id]);
  return (
    <Show of={loaded} heading={texts.data.one}>
      {(dataset) => <Report dataset={dataset} />}
    </Show>
  );
}

function Report({ dataset }: { dataset: DatasetDto }) {
  const { id, name, rows, acceptable, statistics, warnings, createdAt, catalogueEntry } = dataset;
  const { min, median, p95, max } = statistics.words;
  const [asks, setAsks] = useState(false);
  const remove = useAction(async () => {
    await wellformed.api.datasets.delete({ path: { id } });
    goTo(['data']);
  });
  return (
    <>
      <h1>
        <bdi>{name}</bdi>
      </h1>
      <Facts
        of={[
          [t.sentences, whole(rows)],
          [
            t.balance,
            <>
              <Meter share={acceptable / rows} label={t.balance} /> {percent(acceptable / rows)} {t.labels[1]}
            </>,
          ],
          [t.lengths, t.lengthsText(min, median, p95, max)],
          [t.columns.created, time(createdAt)],
        ]}
      />
      {catalogueEntry && <Licence of={catalogueEntry} />}
      <p class="actions">
        <a class="button primary" href={hrefTo(['train'], { data: id })}>
          {t.train}
        </a>
        <button onClick={() => setAsks(true)}>{texts.common.delete}</button>
      </p>
      {remove.error && <Problem error={remove.error} />}
      {asks && (
        <Confirm
          question={t.deleteAsk(name)}
          action={texts.common.delete}
          run={() => remove.run()}
          close={() => setAsks(false)}
        />
      )}
      {statistics.words.bins && <Histogram title={t.lengths} bins={statistics.words.bins} />}
      <h2>{t.warnings}</h2>
      {warnings.length === 0 && <p>{t.noWarnings}</p>}
      <ul>
        {warnings.map(({ message, lines }) => (
          <li>
            {message} {lines.length > 0 && <small>{t.lines(lines)}</small>}
          </li>
        ))}
      </ul>
      <h2>{t.sentences}</h2>
      <Rows id={id} />
    </>
  );
}

function Rows({ id }: { id: string }) {
  const { rowColumns } = t;
  const [label, setLabel] = useState<'' | '0' | '1'>('');
  const [search, setSearch] = useState('');
  const wanted = useSettled(search.trim(), PAUSE_MS);
  return (
    <>
      <div class="fields">
        <label>
          {t.search}
          <input
            type="search"
            value={search}
            maxLength={200}
            onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          />
        </label>
        <label>
          {rowColumns.label}
          <select
            value={label}
            onChange={({ currentTarget }) => setLabel(currentTarget.value as typeof label)}
          >
            {(['', '1', '0'] as const).map((value) => (
              <option value={value}>{t.labels[value || 'all']}</option>
            ))}
          </select>
        </label>
      </div>
      <Paged
        load={(cursor, signal) =>
          wellformed.api.datasets.rows({
            path: { id },
            query: {
              cursor,
              limit: 50,
              ...(label && { label: Number(label) as 0 | 1 }),
              ...(wanted && { search: wanted }),
            },
            signal,
          })
        }
        inputs={[id, label, wanted]}
        empty={<p class="note">{t.noRows}</p>}
      >
        {(rows) => (
          <List
            columns={[rowColumns.row, rowColumns.label, rowColumns.sentence, rowColumns.source]}
            rows={rows.map(({ row, label, sentence, source }) => ({
              cells: [
                row,
                t.labels[label],
                <bdi class={label === 1 ? 'sentence' : 'sentence starred'}>{sentence}</bdi>,
                source,
              ],
            }))}
          />
        )}
      </Paged>
    </>
  );
}
