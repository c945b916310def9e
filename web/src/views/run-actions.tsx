import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { RunDto } from 'wellformed-client';
import { useAction } from '../parts/action.js';
import { firstSentences } from '../parts/catalogue.js';
import { Confirm, Dialog } from '../parts/dialog.js';
import { Problem } from '../parts/states.js';
import { goTo, hrefTo } from '../router.js';
import { wellformed } from '../service.js';
import { texts } from '../texts/en.js';

const t = texts.run;

type Ask = 'pause' | 'resume' | 'cancel' | 'continue' | 'delete';

/** What a reader may ask of a run, by its status. */
const asks: Readonly<Record<RunDto['status'], readonly Ask[]>> = {
  queued: ['pause', 'cancel'],
  preparing: ['pause', 'cancel'],
  running: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  interrupted: ['resume', 'cancel'],
  succeeded: ['continue', 'delete'],
  failed: ['continue', 'delete'],
  cancelled: ['continue', 'delete'],
};

/** Whether something can still happen to a run: what can be cancelled is not over. */
export function isLive({ status }: Pick<RunDto, 'status'>): boolean {
  return asks[status].includes('cancel');
}

/** What a reader can do with a run, and what went wrong with it. */
export function RunActions({ run, reload }: { run: RunDto; reload: () => void }): JSX.Element {
  const [dialog, setDialog] = useState<'cancel' | 'continue' | 'delete'>();
  const close = () => setDialog(undefined);
  /** What was asked of a run at work, which does it at the end of its step. */
  const [awaited, setAwaited] = useState<{ what: Ask; of: string }>();
  const state = `${run.status} ${run.attempt}`;
  const act = useAction(async (what: Ask, epochs?: number) => {
    const path = { id: run.id };
    const { training } = wellformed.api;
    if (what === 'delete') {
      await training.delete({ path });
      return goTo(['runs']);
    }
    if (what === 'continue') {
      return goTo(['runs', (await training.continue({ path, body: { epochs } })).id]);
    }
    const { status, attempt } = await training[what]({ path });
    if (`${status} ${attempt}` === state) setAwaited({ what, of: state });
    reload();
  });
  const allowed = asks[run.status].filter((what) => what !== 'continue' || run.checkpoint || run.modelId);
  const isAwaited = awaited?.of === state;
  const button = (what: Ask, text: string, ask: () => void) =>
    allowed.includes(what) && (
      <button disabled={act.isBusy || (isAwaited && awaited.what === what)} onClick={ask}>
        {text}
      </button>
    );
  return (
    <>
      <p class="actions">
        {run.modelId && (
          <a class="button primary" href={hrefTo(['models', run.modelId])}>
            {t.model}
          </a>
        )}
        {run.modelId && (
          <a class="button" href={hrefTo(['try'], { model: run.modelId, s: firstSentences.join('\n') })}>
            {t.tryIt}
          </a>
        )}
        {button('pause', t.pause, () => act.run('pause'))}
        {button('resume', t.resume, () => act.run('resume'))}
        {button('cancel', t.cancel, () => setDialog('cancel'))}
        {button('continue', t.continue, () => setDialog('continue'))}
        {button('delete', texts.common.delete, () => setDialog('delete'))}
      </p>
      {isAwaited && (
        <p class="note" role="status">
          {t.awaited}
        </p>
      )}
      {act.error && <Problem error={act.error} />}
      {dialog === 'cancel' && (
        <Confirm question={t.cancelAsk} action={t.cancel} run={() => act.run('cancel')} close={close} />
      )}
      {dialog === 'delete' && (
        <Confirm
          question={t.deleteAsk}
          action={texts.common.delete}
          run={() => act.run('delete')}
          close={close}
        />
      )}
      {dialog === 'continue' && (
        <TrainOn
          text={run.checkpoint ? t.continueCheckpoint : t.continueModel}
          start={(epochs) => act.run('continue', epochs)}
          close={close}
        />
      )}
    </>
  );
}

/** Asks for how many more epochs. */
function TrainOn({
  text,
  start,
  close,
}: {
  text: string;
  start: (epochs: number) => void;
  close: () => void;
}) {
  const [epochs, setEpochs] = useState('1');
  return (
    <Dialog title={t.continue} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          close();
          start(Number(epochs));
        }}
      >
        <p>{text}</p>
        <label>
          {t.moreEpochs}
          <input
            type="number"
            min={1}
            required
            value={epochs}
            onInput={({ currentTarget }) => setEpochs(currentTarget.value)}
          />
        </label>
        <p class="actions">
          <button class="primary">{texts.train.start}</button>
          <button type="button" onClick={close}>
            {texts.common.cancel}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
