import { Column, PrimaryColumn, type ColumnOptions } from 'typeorm';
import { arrayFromBase64, arrayToBase64 } from '../common/base64-arrays.js';
import { DamagedError } from '../common/errors.js';

/*
 * Column types that mean the same on SQLite and PostgreSQL. Neither knows the other's type for a point in time, so
 * times are ISO 8601 text (UTC, milliseconds), which also sorts by time; JSON is text that the entity sees parsed. They have
 * no type in common for bytes either: long arrays of numbers are Base64 text.
 */

/** A primary key made by `newId`. */
export function IdColumn(): PropertyDecorator {
  return PrimaryColumn({ type: 'varchar', length: 32 });
}

/** A reference to another table's `newId` key, without a foreign key. */
export function ReferenceColumn(options: ColumnOptions = {}): PropertyDecorator {
  return Column({ ...options, type: 'varchar', length: 32 });
}

export function TimeColumn(options: ColumnOptions = {}): PropertyDecorator {
  return ReadColumn(
    { ...options, type: 'varchar', length: 24 },
    {
      to: (value: unknown) => (value instanceof Date ? value.toISOString() : value),
      from: (value) => {
        const time = new Date(value as string);
        return Number.isNaN(time.getTime()) ? unreadable : time;
      },
    },
  );
}

/** An integer that may exceed 2³¹ (sizes in bytes), exact up to 2⁵³. */
export function BigIntegerColumn(options: ColumnOptions = {}): PropertyDecorator {
  return ReadColumn(
    { ...options, type: 'bigint' },
    {
      to: (value) => value,
      from: (value) => (Number.isSafeInteger(Number(value)) ? Number(value) : unreadable),
    },
  );
}

/** @param complete adds newer fields to a stored value */
export function JsonColumn(
  options: ColumnOptions = {},
  complete: (value: never) => unknown = (value) => value,
): PropertyDecorator {
  return ReadColumn(
    { ...options, type: 'text' },
    {
      to: (value) => JSON.stringify(value),
      from: (value) => {
        try {
          return complete(JSON.parse(value as string) as never);
        } catch {
          return unreadable;
        }
      },
    },
  );
}

/** Many numbers of a size, as their bytes: little-endian, as every processor that Node runs on has them. */
export function ArrayColumn(
  Numbers: typeof Uint8Array | typeof Float32Array,
  options: ColumnOptions = {},
): PropertyDecorator {
  return ReadColumn(
    { ...options, type: 'text' },
    {
      to: (value) => arrayToBase64(value as Uint8Array | Float32Array),
      from: (value) => arrayFromBase64<Uint8Array | Float32Array>(Numbers, value as string) ?? unreadable,
    },
  );
}

/** One of a few words. */
export function EnumColumn(values: readonly string[], options: ColumnOptions): PropertyDecorator {
  return ReadColumn(
    { ...options, type: 'varchar' },
    {
      to: (value) => value,
      from: (value) => (values.includes(value as string) ? value : unreadable),
    },
  );
}

export function DoubleColumn(options: ColumnOptions = {}): PropertyDecorator {
  return Column({ ...options, type: 'double precision' });
}

/** Result for a stored value that cannot be valid. */
const unreadable = Symbol('unreadable');

interface Transformer {
  to(value: NonNullable<unknown>): unknown;
  from(value: NonNullable<unknown>): unknown;
}

/** A column that throws a `DamagedError` when a damaged value is read. null and undefined are kept. */
function ReadColumn(options: ColumnOptions, { to, from }: Transformer): PropertyDecorator {
  return (target, property) => {
    const read = (value: NonNullable<unknown>) => {
      const found = from(value);
      if (found !== unreadable) return found;
      // Omit the value: it may contain sentences, and errors are logged.
      throw new DamagedError(
        `The database is damaged: "${String(property)}" of this row cannot be read. Restore a backup: see ` +
          'docs/operations.md.',
      );
    };
    const transformer = {
      to: (value: unknown) => (value == null ? value : to(value)),
      from: (value: unknown) => (value == null ? value : read(value)),
    };
    Column({ ...options, transformer })(target, property);
  };
}
