import { Max, Min } from 'class-validator';

/**
 * Converts the text of an environment variable to a value. It throws a message that completes "… must be
 * ‹message›".
 */
export type SettingParser<T> = (text: string) => T;

export interface SettingDescription {
  property: string;
  variable: string;
  /** The default, as it would be written in the environment. */
  default: string;
  description: string;
  parse: SettingParser<unknown>;
  /** Whether messages must not repeat the value. */
  secret?: boolean;
}

/** All settings in the order of the class. Parsing, validation and documentation use this list. */
export const settingDescriptions: SettingDescription[] = [];

/** Reads a property of `Settings` from an environment variable. */
export function Setting<T>(
  variable: `WELLFORMED_${string}`,
  options: Omit<SettingDescription, 'property' | 'variable' | 'parse'> & { parse: SettingParser<T> },
): PropertyDecorator {
  return (_target, property) => {
    settingDescriptions.push({ property: String(property), variable, ...options });
  };
}

export const text: SettingParser<string> = (value) => value;

/** A list separated by commas. `none` is an empty list. */
export const list: SettingParser<string[]> = (value) =>
  value === 'none'
    ? []
    : value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');

export const integer: SettingParser<number> = (value) =>
  /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;

const MILLISECONDS: Record<string, number> = { ms: 1, s: 1e3, min: 60e3 };

/** A duration in milliseconds. The text is 0 or a number with a unit: `500 ms`, `30 s`, `2 min`. */
export const duration: SettingParser<number> = (value) => {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value) ?? [];
  return Number(amount) === 0 ? 0 : Number(amount) * (MILLISECONDS[unit.toLowerCase()] ?? Number.NaN);
};

const UNITS: Record<string, number> = {
  '': 1,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
};

/** A size in bytes. The text is a number with or without a unit: `1048576`, `512 MiB`, `2GB`. */
export const bytes: SettingParser<number> = (value) => {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  return amount === undefined || factor === undefined ? Number.NaN : Math.floor(Number(amount) * factor);
};

/** Requires a number from `least` to `most`. The message is the same for both bounds. */
export function Between(least: number, most: number, message: string): PropertyDecorator {
  return (settings, name) => {
    Min(least, { message })(settings, name);
    Max(most, { message })(settings, name);
  };
}
