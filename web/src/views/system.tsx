import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { bytes } from '../format.js';
import { useAction } from '../parts/action.js';
import { Confirm } from '../parts/dialog.js';
import { Facts } from '../parts/figures.js';
import { List } from '../parts/list.js';
import { Problem, Show } from '../parts/states.js';
import { theme, usesShortcuts, type Theme } from '../preferences.js';
import { hrefTo } from '../router.js';
import { apiKey, useKey, useLoaded, wellformed } from '../service.js';
import { texts } from '../texts/en.js';
import { Webhooks } from './webhooks.js';

const t = texts.system;

const REFRESH_MS = 5000;

export function System(): JSX.Element {
  const loaded = useLoaded(
    async (signal) => {
      const [ready, served] = await Promise.all([
        wellformed.api.health.ready({ signal }),
        wellformed.api.servedModels.list({ signal }),
      ]);
      return { ready, served };
    },
    [],
    { every: REFRESH_MS },
  );
  return (
    <>
      <h1>{t.title}</h1>
      <Show of={loaded}>
        {({ ready, served }) => (
          <>
            <Facts
              of={[
                [t.health, t.statuses[ready.status]],
                ...Object.entries(ready.checks).map(([name, state]) => [name, state] as const),
                [t.engine, `${ready.engine.name}: ${ready.engine.reason}`],
                [
                  t.version,
                  `${ready.build.version}${ready.build.commit ? ` (${ready.build.commit.slice(0, 8)})` : ''}`,
                ],
              ]}
            />
            {ready.degraded.map((sentence) => (
              <p class="problem">{sentence}</p>
            ))}
            <h2>{t.loaded}</h2>
            {served.items.length === 0 ? (
              <p class="note">{t.nothingLoaded}</p>
            ) : (
              <List
                columns={Object.values(t.loadedColumns)}
                rows={served.items.map(({ id, name, precision, state, aliases, error }) => ({
                  cells: [
                    <a href={hrefTo(['models', id])}>{name ?? id}</a>,
                    precision,
                    <>
                      {state} {error && <small>{error}</small>}
                    </>,
                    aliases.join(', '),
                  ],
                }))}
              />
            )}
          </>
        )}
      </Show>
      <BaseModels />
      <Webhooks />
      <h2>{t.key}</h2>
      <Caller />
      {apiKey.value !== undefined && <button onClick={() => useKey(undefined)}>{texts.key.forget}</button>}
      <h2>{t.appearance}</h2>
      <div class="fields">
        <label>
          {t.appearance}
          <select
            value={theme.value}
            onChange={({ currentTarget }) => (theme.value = currentTarget.value as Theme)}
          >
            {Object.entries(t.themes).map(([value, text]) => (
              <option value={value}>{text}</option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={usesShortcuts.value}
            onChange={({ currentTarget }) => (usesShortcuts.value = currentTarget.checked)}
          />
          {t.shortcutsOn}
        </label>
      </div>
      <p>
        <a href="docs">{t.docs}</a>
      </p>
    </>
  );
}

/** Base models on disk, whether downloaded or put there by hand. */
function BaseModels() {
  const loaded = useLoaded((signal) => wellformed.api.baseModels.list({ signal }), []);
  const [asks, setAsks] = useState<string>();
  const remove = useAction(async (name: string) => {
    await wellformed.api.baseModels.delete({ path: { name } });
    loaded.reload();
  });
  const { name, licence, size, action } = t.baseModelColumns;
  return (
    <>
      <h2>{t.baseModels}</h2>
      {remove.error && <Problem error={remove.error} />}
      {asks && (
        <Confirm
          question={t.deleteBaseModelAsk(asks)}
          action={texts.common.delete}
          run={() => remove.run(asks)}
          close={() => setAsks(undefined)}
        />
      )}
      <Show of={loaded}>
        {({ items }) =>
          items.some(({ stored }) => stored) ? (
            <List
              columns={[name, licence, size, action]}
              rows={items
                .filter(({ stored }) => stored)
                .map((model) => ({
                  cells: [
                    <bdi>{model.name}</bdi>,
                    model.licence,
                    bytes(model.bytes ?? 0),
                    model.usedBy === null ? (
                      <button
                        class="quiet"
                        disabled={remove.isBusy}
                        aria-label={t.deleteBaseModel(model.name)}
                        onClick={() => setAsks(model.name)}
                      >
                        {texts.common.delete}
                      </button>
                    ) : (
                      <a href={hrefTo(['runs', model.usedBy])}>{t.usedByRun}</a>
                    ),
                  ],
                }))}
            />
          ) : (
            <p class="note">{t.noBaseModels}</p>
          )
        }
      </Show>
    </>
  );
}

/** The owner of the current key, and what it allows. */
function Caller() {
  const loaded = useLoaded((signal) => wellformed.api.whoAmI.whoAmI({ signal }), []);
  return (
    <Show of={loaded}>
      {({ anonymous, name, scopes, limits: { requestsPerMinute, uploadBytes } }) => (
        <Facts
          of={[
            [t.key, anonymous ? t.anonymous : t.caller(name ?? '', scopes.join(', '))],
            [
              t.limits,
              [
                requestsPerMinute !== null && t.requestsPerMinute(requestsPerMinute),
                t.uploadBytes(bytes(uploadBytes)),
              ]
                .filter(Boolean)
                .join(', '),
            ],
          ]}
        />
      )}
    </Show>
  );
}
