import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { DatasetDto } from 'wellformed-client';
import { percent, time, whole } from '../format.js';
import { useAction } from '../parts/action.js';
import { Catalogue } from '../parts/catalogue.js';
import { FileDrop } from '../parts/file-drop.js';
import { Meter } from '../parts/figures.js';
import { List } from '../parts/list.js';
import { Paged } from '../parts/paged.js';
import { Empty, Problem } from '../parts/states.js';
import { goTo, hrefTo } from '../router.js';
import { wellformed } from '../service.js';
import { texts } from '../texts/en.js';

const t = texts.data;

export function Data(): JSX.Element {
  return (
    <>
      <h1>{t.title}</h1>
      <p>{t.intro}</p>
      <Upload done={({ id }) => goTo(['data', id])} />
      <Catalogue done={({ id }) => goTo(['data', id])} />
      <Paged
        load={(cursor, signal) => wellformed.api.datasets.list({ query: { cursor, limit: 20 }, signal })}
        empty={<Empty text={t.empty} />}
      >
        {(datasets) => <DatasetTable datasets={datasets} />}
      </Paged>
    </>
  );
}

/** Uploads a file and shows its problems by line. */
export function Upload({ done }: { done: (dataset: DatasetDto) => void }): JSX.Element {
  const [sent, setSent] = useState(0);
  const upload = useAction(async (file: File) => {
    setSent(0);
    done(await wellformed.uploadDataset(file, { onProgress: setSent }));
  });
  return (
    <section>
      <FileDrop
        label={t.drop}
        accept=".tsv,.csv,.jsonl,.ndjson,.txt"
        disabled={upload.isBusy}
        take={(file) => upload.run(file)}
      />
      {upload.isBusy && (
        <div role="status">
          <Meter share={sent} label={t.upload} />
          <p>{sent < 1 ? t.uploading(Math.floor(100 * sent)) : t.checking}</p>
        </div>
      )}
      {upload.error && (
        <>
          <h2>{t.refused}</h2>
          <Problem error={upload.error} />
        </>
      )}
    </section>
  );
}

function DatasetTable({ datasets }: { datasets: readonly DatasetDto[] }) {
  const { columns } = t;
  return (
    <List
      columns={[columns.name, columns.rows, columns.acceptable, columns.created]}
      rows={datasets.map(({ id, name, rows, acceptable, createdAt }) => ({
        cells: [
          <a href={hrefTo(['data', id])}>{name}</a>,
          whole(rows),
          percent(acceptable / rows),
          time(createdAt),
        ],
      }))}
    />
  );
}
