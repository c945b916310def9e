import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type {
  BaseModelDto,
  DatasetDto,
  SpaceDto,
  SweepEstimateDto,
  SweepRequestDto,
} from 'wellformed-client';
import { duration, whole } from '../format.js';
import { useAction } from '../parts/action.js';
import { Field, shown } from '../parts/field.js';
import { Facts, Warnings } from '../parts/figures.js';
import { Empty, Problem, Show } from '../parts/states.js';
import { firstSource, sourceRequest, TrainingData } from '../parts/training-data.js';
import { goTo, route } from '../router.js';
import { schemaFields, valueOf, type SchemaField } from '../schema.js';
import { useLoaded, wellformed } from '../service.js';
import { spaceValueOf } from '../space.js';
import { texts } from '../texts/en.js';

const t = texts.newSweep;

/** The article's grid, which the form begins with. */
const ARTICLE: Readonly<Record<string, string>> = {
  epochs: '2, 3, 4',
  batchSize: '16, 32',
  learningRate: '5e-5, 3e-5, 2e-5',
};

const HALVING = 'successive-halving';
const HALVED_EPOCHS = '4';

/** Searches over hyperparameters begin here. */
export function NewSweep(): JSX.Element {
  const asked = route.value.query.get('data');
  const loaded = useLoaded(
    async (signal) => {
      const [datasets, baseModels, document] = await Promise.all([
        wellformed.api.datasets.list({ query: { limit: 100 }, signal }),
        wellformed.api.baseModels.list({ signal }),
        wellformed.document(signal),
      ]);
      const names = schemaFields(document, 'SpaceDto').map(({ name }) => name);
      const hyperparameters = schemaFields(document, 'TrainingJsonDto');
      return {
        datasets: datasets.items,
        baseModels: baseModels.items,
        options: schemaFields(document, 'SweepRequestDto'),
        space: hyperparameters.filter(({ name }) => names.includes(name)),
      };
    },
    [asked],
  );
  return (
    <>
      <h1>{t.title}</h1>
      <Show of={loaded}>
        {(form) =>
          form.datasets.length === 0 ? (
            <Empty text={texts.train.noData} link={{ to: ['data'], text: texts.data.title }} />
          ) : (
            <Form {...form} wanted={asked} />
          )
        }
      </Show>
    </>
  );
}

function Form({
  datasets,
  baseModels,
  options,
  space,
  wanted,
}: {
  datasets: readonly DatasetDto[];
  baseModels: readonly BaseModelDto[];
  /** What of the request stands in a field of its own. */
  options: readonly SchemaField[];
  space: readonly SchemaField[];
  wanted: string | null;
}) {
  const [source, setSource] = useState(() => firstSource(datasets, baseModels, wanted));
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const [tried, setTried] = useState(ARTICLE);
  const [seeds, setSeeds] = useState('');
  const [budget, setBudget] = useState({ runs: '', minutes: '' });
  const request = (): SweepRequestDto => {
    const given = (fields: readonly SchemaField[], read: (field: SchemaField) => unknown) =>
      Object.fromEntries(
        fields.map((field) => [field.name, read(field)] as const).filter(([, value]) => value !== undefined),
      );
    const limits = Object.entries(budget).filter(([, text]) => text.trim() !== '');
    return {
      ...given(options.filter(isShown), (field) => valueOf(field, values[field.name] ?? '')),
      ...sourceRequest(source),
      space: given(space, (field) => spaceValueOf(field, tried[field.name] ?? '')) as SpaceDto,
      ...(seeds.trim() !== '' && { seeds: seeds.split(',').map(Number) }),
      ...(limits.length > 0 && {
        budget: Object.fromEntries(limits.map(([name, text]) => [name, Number(text)])),
      }),
    } as SweepRequestDto;
  };
  const start = useAction(async () => goTo(['sweeps', (await wellformed.startSweep(request())).id]));
  const [estimate, setEstimate] = useState<{ of: string; told: SweepEstimateDto }>();
  const asked = JSON.stringify([source, values, tried, seeds, budget]);
  const check = useAction(async () =>
    setEstimate({ of: asked, told: await wellformed.estimateSweep(request()) }),
  );
  const show = (field: SchemaField) => (
    <SpaceField
      key={field.name}
      field={field}
      value={tried[field.name] ?? ''}
      change={(value) => setTried({ ...tried, [field.name]: value })}
    />
  );
  const choose = (name: string, value: string) => {
    setValues({ ...values, [name]: value });
    // Its trials all have the same epochs. What somebody typed stays.
    const [from, to] = value === HALVING ? [ARTICLE.epochs, HALVED_EPOCHS] : [HALVED_EPOCHS, ARTICLE.epochs];
    if (name === 'method' && tried.epochs === from) setTried({ ...tried, epochs: to! });
  };
  const isMain = ({ name }: SchemaField) => name in ARTICLE;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        start.run();
      }}
    >
      <TrainingData datasets={datasets} baseModels={baseModels} of={source} change={setSource} />
      <fieldset>
        <legend>{t.space}</legend>
        <p class="note">{t.spaceNote}</p>
        <div class="fields">{space.filter(isMain).map(show)}</div>
        <details>
          <summary>{texts.train.options}</summary>
          <div class="fields">{space.filter((field) => !isMain(field)).map(show)}</div>
        </details>
      </fieldset>
      <fieldset>
        <legend>{t.search}</legend>
        <div class="fields">
          {options.filter(isShown).map((field) => (
            <Field
              key={field.name}
              field={field}
              value={values[field.name] ?? ''}
              change={(value) => choose(field.name, value)}
            />
          ))}
          <TextField name="seeds" note={t.seedsNote} value={seeds} change={setSeeds} />
          <TextField
            name="budget.runs"
            note={t.runsNote}
            value={budget.runs}
            change={(runs) => setBudget({ ...budget, runs })}
          />
          <TextField
            name="budget.minutes"
            note={t.minutesNote}
            value={budget.minutes}
            change={(minutes) => setBudget({ ...budget, minutes })}
          />
        </div>
      </fieldset>
      {estimate?.of === asked && <Estimate of={estimate.told} />}
      {(start.error ?? check.error) && <Problem error={(start.error ?? check.error)!} />}
      <p class="actions">
        <button type="button" disabled={check.isBusy} onClick={() => check.run()}>
          {check.isBusy ? texts.train.estimating : texts.train.estimate}
        </button>
        <button class="primary" disabled={start.isBusy}>
          {start.isBusy ? texts.train.starting : texts.sweeps.start}
        </button>
      </p>
    </form>
  );
}

/** The others are asked for in their own way. */
function isShown({ name }: SchemaField): boolean {
  return !['datasetId', 'validationDatasetId', 'baseModel', 'space', 'seeds', 'budget'].includes(name);
}

function Estimate({ of: { runs, combinations, seconds, warnings } }: { of: SweepEstimateDto }) {
  return (
    <section aria-labelledby="estimate">
      <h2 id="estimate">{t.estimated}</h2>
      <Facts
        of={[
          [texts.sweeps.columns.runs, t.runsText(whole(runs), whole(combinations))],
          [texts.train.time, seconds === null ? texts.train.noTime : t.about(duration(seconds))],
        ]}
      />
      {warnings.length === 0 ? <p>{texts.train.nothingWrong}</p> : <Warnings of={warnings} />}
    </section>
  );
}

/** What a hyperparameter may be. */
function SpaceField({
  field,
  value,
  change,
}: {
  field: SchemaField;
  value: string;
  change: (value: string) => void;
}) {
  const { name, description, choices } = field;
  const notes = [choices?.join(', '), field.default && texts.train.default(shown(field.default))];
  const note = notes.filter(Boolean).join('; ');
  return (
    <TextField
      name={name}
      note={`${description.replaceAll('`', '')} ${note && `(${note})`}`}
      placeholder={shown(field.default)}
      value={value}
      change={change}
    />
  );
}

function TextField({
  name,
  note,
  placeholder,
  value,
  change,
}: {
  name: string;
  note: string;
  placeholder?: string;
  value: string;
  change: (value: string) => void;
}) {
  const id = `field-${name}`;
  return (
    <div class="field">
      <label for={id}>{name}</label>
      <input
        id={id}
        value={value}
        placeholder={placeholder}
        aria-describedby={`${id}-note`}
        onInput={({ currentTarget }) => change(currentTarget.value)}
      />
      <small id={`${id}-note`}>{note}</small>
    </div>
  );
}
