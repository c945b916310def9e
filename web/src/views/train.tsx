import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type {
  BaseModelDto,
  BytesDto,
  DatasetDto,
  TrainingEstimateDto,
  TrainRequest,
} from 'wellformed-client';
import { bytes, duration, whole } from '../format.js';
import { useAction } from '../parts/action.js';
import { Catalogue, FirstRun } from '../parts/catalogue.js';
import { Field } from '../parts/field.js';
import { Facts, Warnings } from '../parts/figures.js';
import { Problem, Show } from '../parts/states.js';
import { firstSource, sourceRequest, TrainingData } from '../parts/training-data.js';
import { goTo, route } from '../router.js';
import { trainingFields, valueOf, type SchemaField } from '../schema.js';
import { useLoaded, wellformed } from '../service.js';
import { texts } from '../texts/en.js';
import { Upload } from './data.js';

const t = texts.train;

/** The fields that the article sets. The others are folded away. */
const MAIN_FIELDS = ['name', 'epochs', 'batchSize', 'learningRate', 'maxLength', 'seed', 'promote'];

/** How the run goes, whatever it trains: these change nothing of the model. */
const COURSE_FIELDS = ['priority', 'pauseAfterEpoch', 'checkpointSteps', 'maxRestarts'];

export function Train(): JSX.Element {
  const asked = route.value.query.get('data');
  const loaded = useLoaded(
    async (signal) => {
      const [datasets, baseModels, document] = await Promise.all([
        wellformed.api.datasets.list({ query: { limit: 100 }, signal }),
        wellformed.api.baseModels.list({ signal }),
        wellformed.document(signal),
      ]);
      return { datasets: datasets.items, baseModels: baseModels.items, fields: trainingFields(document) };
    },
    [asked],
  );
  const take = ({ id }: DatasetDto) => goTo(['train'], { data: id });
  return (
    <>
      <h1>{t.title}</h1>
      <Show of={loaded}>
        {({ datasets, baseModels, fields }) =>
          datasets.length === 0 ? (
            <>
              <p>{t.noData}</p>
              <FirstRun />
              <Upload done={take} />
              <Catalogue done={take} />
            </>
          ) : (
            <>
              <Form datasets={datasets} baseModels={baseModels} fields={fields} wanted={asked} />
              <details>
                <summary>{t.otherData}</summary>
                <Upload done={take} />
                <Catalogue done={take} />
              </details>
            </>
          )
        }
      </Show>
    </>
  );
}

function Form({
  datasets,
  baseModels,
  fields,
  wanted,
}: {
  datasets: readonly DatasetDto[];
  baseModels: readonly BaseModelDto[];
  fields: readonly SchemaField[];
  /** Id of the data set in the address. */
  wanted: string | null;
}) {
  const [source, setSource] = useState(() => firstSource(datasets, baseModels, wanted));
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const request = (): TrainRequest => {
    const hyperparameters = Object.fromEntries(
      fields
        .map((field) => [field.name, valueOf(field, values[field.name] ?? '')] as const)
        .filter(([, value]) => value !== undefined),
    );
    return { ...hyperparameters, ...sourceRequest(source) } as TrainRequest;
  };
  const start = useAction(async () => goTo(['runs', (await wellformed.train(request())).id]));
  const [estimate, setEstimate] = useState<{ of: string; told: TrainingEstimateDto }>();
  const asked = JSON.stringify([source, values]);
  const check = useAction(async () => setEstimate({ of: asked, told: await wellformed.estimate(request()) }));
  const show = (field: SchemaField) => (
    <Field
      key={field.name}
      field={field}
      value={values[field.name] ?? ''}
      change={(value) => setValues({ ...values, [field.name]: value })}
    />
  );
  const named = (names: readonly string[]) =>
    names.flatMap((name) => fields.filter((field) => field.name === name));
  const others = fields.filter(({ name }) => ![...MAIN_FIELDS, ...COURSE_FIELDS].includes(name));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        start.run();
      }}
    >
      <TrainingData datasets={datasets} baseModels={baseModels} of={source} change={setSource} />
      <fieldset>
        <legend>{t.settings}</legend>
        <p class="note">{t.off}</p>
        <div class="fields">{named(MAIN_FIELDS).map(show)}</div>
        <details>
          <summary>{t.options}</summary>
          <div class="fields">{others.map(show)}</div>
        </details>
        <details>
          <summary>{t.course}</summary>
          <div class="fields">{named(COURSE_FIELDS).map(show)}</div>
        </details>
      </fieldset>
      {estimate?.of === asked && <Estimate of={estimate.told} />}
      {(start.error ?? check.error) && <Problem error={(start.error ?? check.error)!} />}
      <p class="actions">
        <button type="button" disabled={check.isBusy} onClick={() => check.run()}>
          {check.isBusy ? t.estimating : t.estimate}
        </button>
        <button class="primary" disabled={start.isBusy}>
          {start.isBusy ? t.starting : t.start}
        </button>
        <button type="button" onClick={() => setValues({})}>
          {t.reset}
        </button>
      </p>
    </form>
  );
}

/** The estimated cost of a training, and warnings. */
function Estimate({ of }: { of: TrainingEstimateDto }) {
  const {
    seconds,
    basis,
    memory,
    disk,
    warnings,
    totalSteps,
    stepsPerEpoch,
    batchesPerEpoch,
    trainingRows,
    validationRows,
  } = of;
  const space = ({ neededBytes, availableBytes }: BytesDto) =>
    t.needs(bytes(neededBytes), bytes(availableBytes));
  const time =
    seconds === null ? t.noTime : (basis === 'measurement' ? t.measured : t.fromRun)(duration(seconds));
  return (
    <section aria-labelledby="estimate">
      <h2 id="estimate">{t.estimated}</h2>
      <Facts
        of={[
          [t.time, time],
          [t.rows, t.rowsText(whole(trainingRows), whole(validationRows))],
          [t.batches, t.batchesText(whole(batchesPerEpoch))],
          [t.steps, t.stepsText(whole(totalSteps), totalSteps / stepsPerEpoch)],
          [t.memory, memory && space(memory)],
          [t.disk, space(disk)],
        ]}
      />
      {warnings.length === 0 ? <p>{t.nothingWrong}</p> : <Warnings of={warnings} />}
    </section>
  );
}
