import type { JSX } from 'preact';
import { scientific } from '../format.js';
import type { SchemaField } from '../schema.js';
import { texts } from '../texts/en.js';

const t = texts.train;

/** A field with what it means and its bounds, all of it from the API's document. */
export function Field({
  field,
  value,
  change,
}: {
  field: SchemaField;
  value: string;
  change: (value: string) => void;
}): JSX.Element {
  const { name, description, kind, choices, minimum, maximum } = field;
  const id = `field-${name}`;
  const bounds =
    minimum !== undefined && maximum !== undefined
      ? t.range(scientific(minimum), scientific(maximum))
      : undefined;
  const notes = [bounds, field.default && t.default(shown(field.default))].filter(Boolean).join('; ');
  return (
    <div class="field">
      <label for={id}>{name}</label>
      {kind === 'choice' ? (
        <select
          id={id}
          value={value}
          aria-describedby={`${id}-note`}
          onChange={({ currentTarget }) => change(currentTarget.value)}
        >
          <option value="">{field.default || '–'}</option>
          {choices!
            .filter((choice) => choice !== field.default)
            .map((choice) => (
              <option value={choice}>{choice}</option>
            ))}
        </select>
      ) : (
        <input
          id={id}
          value={value}
          inputMode={kind === 'text' ? 'text' : 'decimal'}
          placeholder={shown(field.default)}
          aria-describedby={`${id}-note`}
          onInput={({ currentTarget }) => change(currentTarget.value)}
        />
      )}
      <small id={`${id}-note`}>
        {description.replaceAll('`', '')} {notes && `(${notes})`}
      </small>
    </div>
  );
}

export function shown(text: string): string {
  return text !== '' && Number.isFinite(Number(text)) ? scientific(Number(text)) : text;
}
