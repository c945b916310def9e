import type { JSX } from 'preact';
import { Facts } from '../parts/figures.js';
import { Show } from '../parts/states.js';
import { theme, usesShortcuts, type Theme } from '../preferences.js';
import { hrefTo } from '../router.js';
import { apiKey, useKey, useLoaded, wellformed } from '../service.js';
import { texts } from '../texts/en.js';

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
              <table class="list">
                <thead>
                  <tr>
                    {Object.values(t.loadedColumns).map((column) => (
                      <th scope="col">{column}</th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {served.items.map(({ id, name, precision, state, aliases, error }) => (
                    <tr>
                      <th scope="row">
                        <a href={hrefTo(['models', id])}>{name ?? id}</a>
                      </th>
                      <td>{precision}</td>
                      <td>
                        {state} {error && <small>{error}</small>}
                      </td>
                      <td>{aliases.join(', ')}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </>
        )}
      </Show>
      <h2>{t.key}</h2>
      {apiKey.value === undefined ? (
        <p>{t.noKey}</p>
      ) : (
        <button onClick={() => useKey(undefined)}>{texts.key.forget}</button>
      )}
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
