import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { CatalogueEntryDto, DatasetDto } from 'wellformed-client';
import firstRun from '../../../samples/first-run.json';
import { whole } from '../format.js';
import { goTo, hrefTo } from '../router.js';
import { useLoaded, wellformed } from '../service.js';
import { texts } from '../texts/en.js';
import { useAction } from './action.js';
import { Problem, Show } from './states.js';

const t = texts.catalogue;

/** Data sets that the service can add itself. */
export function Catalogue({ done }: { done: (dataset: DatasetDto) => void }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const add = useAction(async (name: string) => done(await wellformed.addDataset(name)));
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{t.title}</summary>
      {isOpen && <Entries isBusy={add.isBusy} add={add.run} />}
      {add.isBusy && <p role="status">{t.adding}</p>}
      {add.error && <Problem error={add.error} />}
    </details>
  );
}

function Entries({ isBusy, add }: { isBusy: boolean; add: (name: string) => void }) {
  const loaded = useLoaded((signal) => wellformed.api.datasets.listCatalogue({ signal }), []);
  return (
    <Show of={loaded}>
      {({ items }) => (
        <ul class="catalogue">
          {items.map((entry) => (
            <li>
              <div>
                <b>{entry.name}</b> {entry.title} {t.sentences(whole(entry.rows))}{' '}
                {entry.needsDownload && t.download}
                <Licence of={entry} />
              </div>
              <button disabled={isBusy} aria-label={t.addNamed(entry.name)} onClick={() => add(entry.name)}>
                {t.add}
              </button>
            </li>
          ))}
        </ul>
      )}
    </Show>
  );
}

/** The licence of a data set in the catalogue, and its citation. */
export function Licence({ of: { licence, homepage, citation } }: { of: CatalogueEntryDto }): JSX.Element {
  return (
    <p class="note">
      {licence} {homepage && <a href={homepage}>{t.homepage}</a>}
      {citation && (
        <>
          <br />
          {t.cite} {citation}
        </>
      )}
    </p>
  );
}

/** A button that trains a first model: the sample, a small base model, and the run to watch. */
export function FirstRun(): JSX.Element {
  const start = useAction(async () => {
    const [training, validation] = [await sampleSet(firstRun.training), await sampleSet(firstRun.validation)];
    const run = await wellformed.train({
      datasetId: training.id,
      validationDatasetId: validation.id,
      baseModel: firstRun.baseModel,
      ...firstRun.hyperparameters,
    });
    goTo(['runs', run.id]);
  });
  return (
    <>
      <p class="actions">
        <button class="primary" disabled={start.isBusy} onClick={() => start.run()}>
          {start.isBusy ? texts.train.starting : t.firstRun}
        </button>
        <a class="button" href={hrefTo(['data'])}>
          {t.ownData}
        </a>
      </p>
      <p class="note">{t.firstRunText(firstRun.baseModel)}</p>
      {start.error && <Problem error={start.error} />}
    </>
  );
}

/** Sentences to judge after the first run. */
export const firstSentences: readonly string[] = firstRun.sentences;

/** Reuses the sample if it is already stored. */
async function sampleSet(name: string): Promise<DatasetDto> {
  const [{ items: known }, { items: stored }] = await Promise.all([
    wellformed.api.datasets.listCatalogue(),
    wellformed.api.datasets.list({ query: { limit: 100 } }),
  ]);
  const hash = known.find((entry) => entry.name === name)?.contentHash;
  return stored.find(({ contentHash }) => contentHash === hash) ?? wellformed.addDataset(name);
}
