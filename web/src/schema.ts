/** A field of a form, as the API's own document describes it. */
export interface SchemaField {
  name: string;
  /** Its description in the API document. */
  description: string;
  kind: 'integer' | 'number' | 'text' | 'choice';
  choices?: readonly string[];
  minimum?: number;
  maximum?: number;
  /** The default as text. */
  default: string;
}

interface Schema {
  type?: string;
  description?: string;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number | boolean;
  default?: unknown;
  oneOf?: readonly Schema[];
  anyOf?: readonly Schema[];
  allOf?: readonly Schema[];
  properties?: Record<string, Schema>;
}

/** Fields of a training that are not hyperparameters. The form has separate controls for them. */
const ASKED_APART = ['datasetId', 'validationDatasetId', 'baseModel', 'file', 'validationFile'];

interface Document {
  components: { schemas: Record<string, Schema> };
}

/** Returns the hyperparameter fields of the service's OpenAPI document. A new one appears here automatically. */
export function trainingFields(document: Document): SchemaField[] {
  return schemaFields(document, 'TrainingJsonDto').filter(({ name }) => !ASKED_APART.includes(name));
}

/** The fields of a schema of the OpenAPI document. */
export function schemaFields({ components }: Document, schema: string): SchemaField[] {
  const { properties = {} } = components.schemas[schema] ?? {};
  return Object.entries(properties).map(([name, field]) => fieldOf(name, field));
}

function fieldOf(name: string, schema: Schema): SchemaField {
  const parts = [schema, ...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])];
  const numeric = parts.find(({ type }) => type === 'integer' || type === 'number');
  const choices = parts.flatMap((part) => part.enum ?? []).filter((choice) => choice !== null);
  const isChoice = choices.length > 0 && !numeric && !parts.some(({ type }) => type === 'array');
  const bound = parts.find(({ minimum, maximum }) => minimum !== undefined || maximum !== undefined);
  return {
    name,
    description: schema.description ?? '',
    // If a value may also be a word (auto) or a list, the description says so.
    kind: isChoice
      ? 'choice'
      : numeric && choices.length === 0
        ? (numeric.type as 'integer' | 'number')
        : 'text',
    ...(isChoice && { choices: choices.map(String) }),
    minimum:
      bound?.minimum ?? (typeof bound?.exclusiveMinimum === 'number' ? bound.exclusiveMinimum : undefined),
    maximum: bound?.maximum,
    default: isWord(schema.default) ? String(schema.default) : '',
  };
}

/** Converts the text of a field to its JSON value; undefined if it is empty. */
export function valueOf({ kind }: SchemaField, text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed))
    return kind === 'choice' ? trimmed : Number(trimmed);
  if (kind === 'text' && trimmed.includes(',')) return trimmed.split(',').map((item) => Number(item));
  return trimmed;
}

function isWord(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
