import path from 'node:path';
import { validateSync } from 'class-validator';
import { nearest } from '../common/nearest.js';
import { settingDescriptions } from './setting.js';
import { Settings } from './settings.js';

/** Thrown at startup. It lists everything that is wrong with the environment. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';

  constructor(readonly problems: string[]) {
    super(`The settings are wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

export interface ReadSettings {
  settings: Settings;
  /** One line for each unknown variable that looks like one of the service's. */
  warnings: string[];
}

/**
 * Reads the settings from an environment. An empty variable counts as not set.
 * @throws SettingsError with a list of everything that is wrong
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): ReadSettings {
  const settings = new Settings();
  const given: Record<string, string> = {};
  for (const { property, variable, default: fallback, parse } of settingDescriptions) {
    const value = environment[variable]?.trim() || fallback;
    given[property] = value;
    Object.assign(settings, { [property]: parse(value) });
  }
  settings.baseModelFolder = settings.baseModelFolder.replace(/^<data>/, () => settings.dataFolder);

  const errors = validateSync(settings);
  const problems = settingDescriptions.flatMap(({ property, variable, secret }) => {
    const error = errors.find((one) => one.property === property);
    if (!error) return [];
    // Decorators are applied from the last to the first, so the last entry is the first rule in the source.
    const advice = Object.values(error.constraints ?? {}).at(-1);
    return secret
      ? `${variable} ${advice}.`
      : `${variable} ${advice}; it is ${JSON.stringify(given[property])}.`;
  });
  if (problems.length > 0) throw new SettingsError(problems);

  settings.dataFolder = path.resolve(settings.dataFolder);
  settings.baseModelFolder = path.resolve(settings.baseModelFolder);
  return { settings: Object.freeze(settings), warnings: unknownVariables(environment) };
}

function unknownVariables(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = settingDescriptions.map(({ variable }) => variable);
  return Object.keys(environment)
    .filter((name) => name.startsWith('WELLFORMED_') && !known.includes(name))
    .map((name) => {
      const meant = nearest(name, known);
      return `${name} is no known setting and has no effect.${meant ? ` Did you mean ${meant}?` : ''}`;
    });
}
