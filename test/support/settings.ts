import { readSettings, type SettingsError } from '../../src/config/read-settings.js';

/** What is wrong with settings; empty where they are taken. */
export function settingsProblems(environment: Record<string, string>): readonly string[] {
  try {
    readSettings(environment);
  } catch (error) {
    return (error as SettingsError).problems;
  }
  return [];
}
