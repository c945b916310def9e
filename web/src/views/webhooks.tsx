import type { JSX } from 'preact';
import { time } from '../format.js';
import { useAction } from '../parts/action.js';
import { List } from '../parts/list.js';
import { Problem, Show } from '../parts/states.js';
import { hrefTo } from '../router.js';
import { useLoaded, wellformed } from '../service.js';
import { texts } from '../texts/en.js';

const t = texts.webhooks;

const SHOWN = 5;

/** Whether somebody is told of the end of runs, and what came of the last messages. */
export function Webhooks(): JSX.Element {
  const loaded = useLoaded(async (signal) => {
    const [webhooks, deliveries] = await Promise.all([
      wellformed.api.webhooks.show({ signal }),
      wellformed.api.webhooks.list({ query: { limit: SHOWN }, signal }),
    ]);
    return { ...webhooks, deliveries: deliveries.items };
  }, []);
  const test = useAction(async () => {
    await wellformed.api.webhooks.test();
    loaded.reload();
  });
  return (
    <>
      <h2>{t.title}</h2>
      <Show of={loaded}>
        {({ state, receiver, deliveries }) => (
          <>
            <p>{state === 'off' ? t.off : t[state](receiver ?? '')}</p>
            {deliveries.length > 0 && (
              <List
                named={1}
                columns={Object.values(t.columns)}
                rows={deliveries.map(({ type, runId, status, lastAttempt, createdAt }) => ({
                  cells: [
                    time(createdAt),
                    runId === null ? type : <a href={hrefTo(['runs', runId])}>{type}</a>,
                    <span class={`status ${status}`}>{t.statuses[status]}</span>,
                    lastAttempt && (lastAttempt.error ?? t.answer(lastAttempt.status!)),
                  ],
                }))}
              />
            )}
            {state !== 'off' && (
              <button disabled={test.isBusy} onClick={() => test.run()}>
                {test.isBusy ? t.testing : t.test}
              </button>
            )}
            {test.error && <Problem error={test.error} />}
          </>
        )}
      </Show>
    </>
  );
}
