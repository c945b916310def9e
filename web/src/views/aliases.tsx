import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ModelSummaryDto, ServedAliasDto } from 'wellformed-client';
import { decimal, mccText, percent, time } from '../format.js';
import { useAction } from '../parts/action.js';
import { Dialog } from '../parts/dialog.js';
import { ConfusionMatrix, Facts } from '../parts/figures.js';
import { List } from '../parts/list.js';
import { Empty, Problem, Show } from '../parts/states.js';
import { hrefTo } from '../router.js';
import { isProblem, useLoaded, wellformed } from '../service.js';
import { texts } from '../texts/en.js';

const t = texts.aliases;

const REFRESH_MS = 3000;

export function Aliases(): JSX.Element {
  const loaded = useLoaded(
    async (signal) => {
      const [served, models] = await Promise.all([
        wellformed.api.servedModels.list({ signal }),
        wellformed.api.models.list({ query: { limit: 100 }, signal }),
      ]);
      return { aliases: served.aliases, models: models.items };
    },
    [],
    { every: REFRESH_MS },
  );
  const [moved, setMoved] = useState<string>();
  const [shown, setShown] = useState<string>();
  return (
    <>
      <h1>{t.title}</h1>
      <p>{t.intro}</p>
      <Show of={loaded}>
        {({ aliases, models }) =>
          aliases.length === 0 ? (
            <Empty text={t.empty} link={{ to: ['train'], text: texts.train.start }} />
          ) : (
            <>
              <AliasTable aliases={aliases} models={models} move={setMoved} show={setShown} />
              {moved !== undefined && (
                <Choose
                  alias={moved}
                  models={models}
                  close={() => setMoved(undefined)}
                  done={() => {
                    setMoved(undefined);
                    loaded.reload();
                  }}
                />
              )}
            </>
          )
        }
      </Show>
      {shown !== undefined && <History alias={shown} close={() => setShown(undefined)} />}
    </>
  );
}

function AliasTable({
  aliases,
  models,
  move,
  show,
}: {
  aliases: readonly ServedAliasDto[];
  models: readonly ModelSummaryDto[];
  move: (alias: string) => void;
  show: (alias: string) => void;
}) {
  const { columns } = t;
  const link = (id: string) => (
    <a href={hrefTo(['models', id])}>{models.find((model) => model.id === id)?.name ?? id}</a>
  );
  return (
    <List
      columns={[columns.name, columns.model, columns.serves, '']}
      rows={aliases.map(({ name, modelId, servedBy, state, reason }) => ({
        cells: [
          name,
          link(modelId),
          <>
            {servedBy !== modelId && link(servedBy)}{' '}
            <span class={`status ${state}`}>{t.states[state] ?? state}</span>
            {reason && <small> {reason}</small>}
          </>,
          <span class="actions">
            <button onClick={() => move(name)}>{t.choose}</button>
            <button class="quiet" onClick={() => show(name)}>
              {t.history}
            </button>
          </span>,
        ],
      }))}
    />
  );
}

function Choose({
  alias,
  models,
  close,
  done,
}: {
  alias: string;
  models: readonly ModelSummaryDto[];
  close: () => void;
  done: () => void;
}) {
  const [id, setId] = useState('');
  const to = models.find((model) => model.id === id);
  if (to) return <Promote alias={alias} to={to} close={close} done={done} />;
  return (
    <Dialog title={t.promoteTitle(alias)} close={close}>
      <label>
        {texts.models.columns.name}
        <select value={id} onChange={({ currentTarget }) => setId(currentTarget.value)}>
          <option value="" />
          {models
            .filter(({ aliases }) => !aliases.includes(alias))
            .map((model) => (
              <option value={model.id}>
                {model.name} (MCC {decimal(model.best.mcc)})
              </option>
            ))}
        </select>
      </label>
      <p class="actions">
        <button onClick={close}>{texts.common.cancel}</button>
      </p>
    </Dialog>
  );
}

/** Shows both models' figures side by side before the alias moves. */
export function Promote({
  alias,
  to,
  close,
  done,
}: {
  alias: string;
  to: ModelSummaryDto;
  close: () => void;
  done: () => void;
}): JSX.Element {
  const now = useLoaded(
    (signal) =>
      wellformed.api.models.find({ path: { id: alias }, signal }).catch((error: unknown) => {
        // A new alias does not point to anything yet.
        if (isProblem(error, 404)) return null;
        throw error;
      }),
    [alias],
  );
  const move = useAction(async () => {
    await wellformed.api.aliases.put({ path: { name: alias }, body: { modelId: to.id } });
    done();
  });
  return (
    <Dialog title={t.promoteTitle(alias)} close={close}>
      <Show of={now}>
        {(model) => (
          <div class="columns">
            {model && <Card title={t.now} model={model} />}
            <Card title={t.then} model={to} />
          </div>
        )}
      </Show>
      {move.error && <Problem error={move.error} />}
      <p class="actions">
        <button class="primary" disabled={move.isBusy} onClick={() => move.run()}>
          {t.promote}
        </button>
        <button onClick={close}>{texts.common.cancel}</button>
      </p>
    </Dialog>
  );
}

function Card({ title, model: { name, best, validation } }: { title: string; model: ModelSummaryDto }) {
  return (
    <section class="card">
      <h3>{title}</h3>
      <p>
        <bdi>{name}</bdi>
      </p>
      <Facts
        of={[
          ['MCC', mccText(best)],
          [texts.run.evaluationColumns.accuracy, percent(best.accuracy, 1)],
          [texts.data.sentences, String(validation.rows)],
        ]}
      />
      <ConfusionMatrix matrix={best.confusionMatrix} />
    </section>
  );
}

function History({ alias, close }: { alias: string; close: () => void }) {
  const loaded = useLoaded(
    (signal) => wellformed.api.aliases.find({ path: { name: alias }, signal }),
    [alias],
  );
  const { historyColumns: columns } = t;
  return (
    <Dialog title={t.historyOf(alias)} close={close}>
      <Show of={loaded}>
        {({ history }) => (
          <List
            columns={Object.values(columns)}
            rows={history.map(({ createdAt, modelId, reason }) => ({
              cells: [
                time(createdAt),
                modelId ? <a href={hrefTo(['models', modelId])}>{modelId}</a> : t.removed,
                reason,
              ],
            }))}
          />
        )}
      </Show>
      <p class="actions">
        <button onClick={close}>{texts.common.close}</button>
      </p>
    </Dialog>
  );
}
