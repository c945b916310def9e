import { Column, PrimaryColumn, type ColumnOptions } from 'typeorm';

/*
 * Column types that mean the same on SQLite and PostgreSQL. Neither knows the other's type for a point in time, so
 * times are ISO 8601 text (UTC, milliseconds), which also sorts by time; JSON is text that the entity sees parsed.
 */

/** A primary key made by `newId`. */
export function IdColumn(): PropertyDecorator {
  return PrimaryColumn({ type: 'varchar', length: 32 });
}

/** Another table's `newId` key; says nothing about foreign keys. */
export function ReferenceColumn(options: ColumnOptions = {}): PropertyDecorator {
  return Column({ ...options, type: 'varchar', length: 32 });
}

export function TimeColumn(options: ColumnOptions = {}): PropertyDecorator {
  return Column({
    ...options,
    type: 'varchar',
    length: 24,
    transformer: {
      to: (value?: Date | null) => value && (value instanceof Date ? value.toISOString() : value),
      from: (value?: string | null) => value && new Date(value),
    },
  });
}

/** An integer that may pass 2³¹ (sizes in bytes), exact up to 2⁵³. */
export function BigIntegerColumn(options: ColumnOptions = {}): PropertyDecorator {
  return Column({
    ...options,
    type: 'bigint',
    transformer: {
      to: (value: unknown) => value,
      from: (value?: string | number | null) => (value == null ? value : Number(value)),
    },
  });
}

export function JsonColumn(options: ColumnOptions = {}): PropertyDecorator {
  return Column({ ...options, type: 'simple-json' });
}

export function DoubleColumn(options: ColumnOptions = {}): PropertyDecorator {
  return Column({ ...options, type: 'double precision' });
}
