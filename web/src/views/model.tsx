import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ModelDto } from 'wellformed-client';
import { bytes, decimal, intervalText, mccText, percent, scientific, time, whole } from '../format.js';
import { useAction } from '../parts/action.js';
import { CodeSamples } from '../parts/copy.js';
import { Confirm, Dialog } from '../parts/dialog.js';
import { ConfusionMatrix, Facts, Meter, Warnings } from '../parts/figures.js';
import { List } from '../parts/list.js';
import { Reliability } from '../parts/reliability.js';
import { Problem, Show } from '../parts/states.js';
import { goTo, hrefTo } from '../router.js';
import { useLoaded, wellformed } from '../service.js';
import { texts } from '../texts/en.js';
import { Promote } from './aliases.js';
import { samplesFor } from './samples.js';

const t = texts.model;

const REFRESH_MS = 3000;

export function Model({ id }: { id: string }): JSX.Element {
  const loaded = useLoaded((signal) => wellformed.api.models.find({ path: { id }, signal }), [id]);
  return (
    <Show of={loaded} heading={texts.model.one}>
      {(model) => <Version key={model.id} model={model} reload={loaded.reload} />}
    </Show>
  );
}

function Version({ model, reload }: { model: ModelDto; reload: () => void }) {
  const { id, name, metrics, aliases, dataset, runId, baseModel, engine, createdAt, hyperparameters } = model;
  const [opened, setOpened] = useState<'rename' | 'delete' | 'promote'>();
  const close = () => setOpened(undefined);
  const remove = useAction(async () => {
    await wellformed.api.models.delete({ path: { id } });
    goTo(['models']);
  });
  return (
    <>
      <h1>
        <bdi>{name}</bdi>{' '}
        {aliases.map((alias) => (
          <span class="tag">{alias}</span>
        ))}
      </h1>
      <p class="actions">
        <a class="button primary" href={hrefTo(['try'], { model: id })}>
          {t.try}
        </a>
        {!aliases.includes('production') && <button onClick={() => setOpened('promote')}>{t.promote}</button>}
        <button onClick={() => setOpened('rename')}>{texts.common.rename}</button>
        <button onClick={() => setOpened('delete')}>{texts.common.delete}</button>
      </p>
      {remove.error && <Problem error={remove.error} />}
      {opened === 'rename' && (
        <Rename
          model={model}
          close={close}
          done={() => {
            close();
            reload();
          }}
        />
      )}
      {opened === 'delete' && (
        <Confirm
          question={t.deleteAsk(name)}
          action={texts.common.delete}
          run={() => remove.run()}
          close={close}
        />
      )}
      {opened === 'promote' && (
        <Promote
          alias="production"
          to={model}
          close={close}
          done={() => {
            close();
            reload();
          }}
        />
      )}
      <Warnings of={model.warnings} />
      <h2>{t.figures}</h2>
      <Facts
        of={[
          ['MCC', mccText(metrics.best)],
          [texts.run.evaluationColumns.accuracy, percent(metrics.best.accuracy, 1)],
          [texts.run.evaluationColumns.loss, decimal(metrics.best.loss)],
          [texts.data.sentences, whole(metrics.best.rows)],
        ]}
      />
      <ConfusionMatrix matrix={metrics.best.confusionMatrix} />
      <Precisions model={model} />
      <Evaluations id={id} />
      <h2>{t.lineage}</h2>
      <Facts
        of={[
          [t.data, <a href={hrefTo(['data', dataset.id])}>{dataset.name}</a>],
          [t.base, baseModel],
          [t.run, runId && <a href={hrefTo(['runs', runId])}>{runId}</a>],
          [t.engine, engine],
          [texts.models.columns.created, time(createdAt)],
        ]}
      />
      <details>
        <summary>{texts.run.hyperparameters}</summary>
        <Facts
          of={Object.entries(hyperparameters).map(([key, value]) => [
            key,
            typeof value === 'number' ? scientific(value) : String(value ?? texts.common.none),
          ])}
        />
      </details>
      <Files model={model} />
      <h2>{t.use}</h2>
      <CodeSamples of={samplesFor(['The cat sat on the mat.'], id)} />
    </>
  );
}

function Rename({
  model: { id, name },
  close,
  done,
}: {
  model: ModelDto;
  close: () => void;
  done: () => void;
}) {
  const [text, setText] = useState(name);
  const rename = useAction(async () => {
    await wellformed.api.models.rename({ path: { id }, body: { name: text } });
    done();
  });
  return (
    <Dialog title={t.renameTitle} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          rename.run();
        }}
      >
        <label>
          {t.renameLabel}
          <input value={text} required onInput={({ currentTarget }) => setText(currentTarget.value)} />
        </label>
        {rename.error && <Problem error={rename.error} />}
        <p class="actions">
          <button class="primary" disabled={rename.isBusy}>
            {texts.common.rename}
          </button>
          <button type="button" onClick={close}>
            {texts.common.cancel}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

function Precisions({ model: { serving } }: { model: ModelDto }) {
  if (!serving) return null;
  const { precisionColumns: columns } = t;
  return (
    <>
      <h2>{t.precisions}</h2>
      <List
        columns={Object.values(columns)}
        rows={Object.entries(serving.variants).map(
          ([precision, { evaluation, medianSeconds, bytes: size, calibration, threshold }]) => ({
            isBest: serving.auto.variant === precision,
            cells: [
              precision,
              decimal(evaluation.mcc),
              `${(1000 * medianSeconds).toFixed(1)} ms`,
              bytes(size),
              `${decimal(calibration.before.expectedCalibrationError)} → ${decimal(calibration.after.expectedCalibrationError)}`,
              <>
                {decimal(threshold.threshold, 2)} <small>(MCC {decimal(threshold.after.mcc)})</small>
              </>,
            ],
          }),
        )}
      />
      <p class="note">{serving.auto.reason}</p>
      <div class="charts">
        {Object.entries(serving.variants).map(([precision, { calibration }]) => {
          const { bins } = calibration.used ? calibration.after : calibration.before;
          return bins && <Reliability title={texts.reliability.title(precision)} bins={bins} />;
        })}
      </div>
    </>
  );
}

/** Evaluations of the model, and a form for a new one. */
function Evaluations({ id }: { id: string }) {
  const [dataset, setDataset] = useState('');
  const loaded = useLoaded(
    (signal) => wellformed.api.evaluations.list({ path: { id }, query: { limit: 20 }, signal }),
    [id],
    { every: REFRESH_MS },
  );
  const datasets = useLoaded((signal) => wellformed.api.datasets.list({ query: { limit: 100 }, signal }), []);
  const start = useAction(async () => {
    await wellformed.api.evaluations.start({ path: { id }, body: { datasetId: dataset } });
    loaded.reload();
  });
  const cancel = useAction(async (evaluationId: string) => {
    await wellformed.api.evaluations.cancel({ path: { id, evaluationId } });
    loaded.reload();
  });
  const { evaluationColumns: columns } = t;
  return (
    <>
      <h2>{t.evaluations}</h2>
      <form
        class="actions"
        onSubmit={(event) => {
          event.preventDefault();
          start.run();
        }}
      >
        <label>
          {t.evaluate}
          <select value={dataset} required onChange={({ currentTarget }) => setDataset(currentTarget.value)}>
            <option value="" />
            {datasets.value?.items.map(({ id: datasetId, name }) => (
              <option value={datasetId}>{name}</option>
            ))}
          </select>
        </label>
        <button disabled={start.isBusy || dataset === ''}>{t.evaluate}</button>
      </form>
      {start.error && <Problem error={start.error} />}
      {cancel.error && <Problem error={cancel.error} />}
      <Show of={loaded}>
        {({ items }) =>
          items.length === 0 ? (
            <p class="note">{t.noEvaluations}</p>
          ) : (
            <List
              columns={Object.values(columns)}
              rows={items.map(({ id: evaluationId, datasetName, status, progress, result, error }) => ({
                cells: [
                  <bdi>{datasetName}</bdi>,
                  <>
                    {texts.runs.statuses[status] ?? status}{' '}
                    {status === 'running' && <Meter share={progress} label={texts.runs.columns.progress} />}
                    {(status === 'queued' || status === 'running') && (
                      <button
                        class="quiet"
                        disabled={cancel.isBusy}
                        aria-label={t.cancelEvaluation(datasetName)}
                        onClick={() => cancel.run(evaluationId)}
                      >
                        {texts.common.cancel}
                      </button>
                    )}
                    {error && <small> {error.detail}</small>}
                  </>,
                  decimal(result?.mcc),
                  result && intervalText(result.mccInterval),
                  result && percent(result.accuracy, 1),
                ],
              }))}
            />
          )
        }
      </Show>
    </>
  );
}

function Files({ model: { id, files } }: { model: ModelDto }) {
  const save = useAction(async (name: string) => {
    const blob = (await wellformed.api.modelFiles.download({
      path: { id, name },
      parseAs: 'blob',
    })) as unknown as Blob;
    const url = URL.createObjectURL(blob);
    Object.assign(document.createElement('a'), { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  });
  return (
    <details>
      <summary>{t.files}</summary>
      <ul>
        {files.map(({ name, size }) => (
          <li>
            {name} <small>{bytes(size)}</small>{' '}
            <button class="quiet" disabled={save.isBusy} onClick={() => save.run(name)}>
              {texts.common.download}
            </button>
          </li>
        ))}
      </ul>
      {save.error && <Problem error={save.error} />}
    </details>
  );
}
