import { readSettings, type SettingsError } from '../../src/config/read-settings.js';

/** Returns the problems of settings; empty if they are valid. */
export function settingsProblems(environment: Record<string, string>): readonly string[] {
  try {
    readSettings(environment);
  } catch (error) {
    return (error as SettingsError).problems;
  }
  return [];
}
