import { scientific } from './format.js';
import { valueOf, type SchemaField } from './schema.js';

interface Range {
  min: number;
  max: number;
  scale?: string;
}

/** `1e-5 to 1e-4`, and `log` after it. */
const RANGE = /^(\S+)\s+to\s+(\S+?)(\s+log)?$/i;

/** What the text of a field says a hyperparameter may be: a value, several with commas between them, or a range. */
export function spaceValueOf(field: SchemaField, text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const [, min, max, log] = RANGE.exec(trimmed) ?? [];
  if (min !== undefined) return { min: numberOf(min), max: numberOf(max!), scale: log ? 'log' : 'linear' };
  const values = trimmed.split(',').map((item) => valueOf(field, item));
  return values.length === 1 ? values[0] : values;
}

/** The same the other way round. */
export function spaceText(dimension: unknown): string {
  if (isRange(dimension)) {
    const { min, max, scale } = dimension;
    return `${scientific(min)} to ${scientific(max)}${scale === 'log' ? ' log' : ''}`;
  }
  return [dimension].flat().map(valueText).join(', ');
}

export function valueText(value: unknown): string {
  if (typeof value === 'number') return scientific(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isRange(value: unknown): value is Range {
  return typeof value === 'object' && value !== null && 'min' in value;
}

/** What is no number stays a text: the service says what is wrong with it. */
function numberOf(text: string): number | string {
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}
