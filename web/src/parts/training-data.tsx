import type { JSX } from 'preact';
import type { BaseModelDto, DatasetDto } from 'wellformed-client';
import { bytes, whole } from '../format.js';
import { hrefTo } from '../router.js';
import { texts } from '../texts/en.js';

const t = texts.train;

/** What is to be trained, and on what. */
export interface TrainingSource {
  data: string;
  /** Empty where rows are held out. */
  validation: string;
  baseModel: string;
}

/** The data set that the address names, or else the largest; and the first base model. */
export function firstSource(
  datasets: readonly DatasetDto[],
  baseModels: readonly BaseModelDto[],
  wanted: string | null,
): TrainingSource {
  const largest = [...datasets].sort((a, b) => b.rows - a.rows)[0]!;
  return { data: wanted ?? largest.id, validation: '', baseModel: baseModels[0]!.name };
}

export function sourceRequest({ data, validation, baseModel }: TrainingSource): {
  datasetId: string;
  validationDatasetId?: string;
  baseModel: string;
} {
  return { datasetId: data, ...(validation && { validationDatasetId: validation }), baseModel };
}

export function TrainingData({
  datasets,
  baseModels,
  of,
  change,
}: {
  datasets: readonly DatasetDto[];
  baseModels: readonly BaseModelDto[];
  of: TrainingSource;
  change: (source: TrainingSource) => void;
}): JSX.Element {
  const { data, validation, baseModel } = of;
  return (
    <div class="fields">
      <label>
        {t.data}
        <DatasetSelect datasets={datasets} value={data} change={(data) => change({ ...of, data })} />
        <small>
          <a href={hrefTo(['data', data])}>{t.report}</a>
        </small>
      </label>
      <label>
        {t.validation}
        <DatasetSelect
          datasets={datasets.filter(({ id }) => id !== data)}
          value={validation}
          change={(validation) => change({ ...of, validation })}
          otherwise={t.holdOut}
        />
      </label>
      <label>
        {t.baseModel}
        <input
          list="base-models"
          value={baseModel}
          required
          onInput={({ currentTarget }) => change({ ...of, baseModel: currentTarget.value })}
        />
        <datalist id="base-models">
          {baseModels.map(({ name, description }) => (
            <option value={name}>{description}</option>
          ))}
        </datalist>
        <small>{describe(baseModels.find(({ name }) => name === baseModel))}</small>
      </label>
    </div>
  );
}

function DatasetSelect({
  datasets,
  value,
  change,
  otherwise,
}: {
  datasets: readonly DatasetDto[];
  value: string;
  change: (id: string) => void;
  otherwise?: string;
}) {
  return (
    <select value={value} onChange={({ currentTarget }) => change(currentTarget.value)}>
      {otherwise && <option value="">{otherwise}</option>}
      {datasets.map(({ id, name, rows }) => (
        <option value={id}>
          {name} ({texts.data.rows(rows).replace(String(rows), whole(rows))})
        </option>
      ))}
    </select>
  );
}

/** What a choice of base model means. */
function describe(model: BaseModelDto | undefined): string {
  if (!model) return t.otherBaseModel;
  return [
    model.description,
    model.licence && t.licence(model.licence),
    model.stored ? t.onDisk(bytes(model.bytes ?? 0)) : t.toDownload,
  ]
    .filter(Boolean)
    .join(' ');
}
