import { existsSync, readFileSync } from 'node:fs';
import { InvalidModelError } from './errors.js';

export type JsonObject = Record<string, unknown>;

/**
 * @param path of the file that the text was read from, for the message
 * @throws InvalidModelError if the text is not JSON
 */
export function parseJsonFile(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidModelError(
      `${path} is not valid JSON (${(error as Error).message}). Copy the file again.`,
    );
  }
}

/**
 * @returns undefined if there is no such file
 * @throws InvalidModelError if it does not hold a JSON object
 */
export function readJsonObject(path: string): JsonObject | undefined {
  if (!existsSync(path)) return undefined;
  const json = parseJsonFile(path, readFileSync(path, 'utf8'));
  if (!isJsonObject(json)) {
    throw new InvalidModelError(
      `${path} must hold a JSON object. Copy the file from the original model again.`,
    );
  }
  return json;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
