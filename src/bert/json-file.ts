import { closeSync, constants, existsSync, fstatSync, openSync } from 'node:fs';
import { InvalidModelError } from './errors.js';
import { readInto } from './weights/file-reading.js';

export type JsonObject = Record<string, unknown>;

const MiB = 2 ** 20;

/**
 * Maximum size of each text file of a model, in bytes: several times the largest real ones. The files come
 * from untrusted sources and are read whole.
 */
export const textFileLimits = {
  'config.json': MiB,
  'tokenizer.json': 16 * MiB,
  'vocab.txt': 16 * MiB,
  'vocab.json': 16 * MiB,
  'merges.txt': 16 * MiB,
  'tokenizer_config.json': 2 * MiB,
  'special_tokens_map.json': MiB,
} as const;

/** Maximum nesting of objects and lists. Real files have six levels. */
const mostLevels = 32;

/**
 * Reads a text file of a model.
 * @returns undefined if there is no such file
 * @throws InvalidModelError if it is too large, not a regular file or not UTF-8.
 */
export function readTextFile(path: string, maxBytes: number): string | undefined {
  if (!existsSync(path)) return undefined;
  // Do not block if the file is a pipe without a writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = fstatSync(file);
    if (!status.isFile())
      throw new InvalidModelError(`${path} is no plain file. Copy it from the original model.`);
    if (status.size > maxBytes) {
      throw new InvalidModelError(
        `${path} has ${status.size} bytes, and ${maxBytes} is the most. Copy the file from the original model again.`,
      );
    }
    const bytes = new Uint8Array(status.size);
    readInto(file, bytes, 0, path);
    return decode(bytes, path);
  } finally {
    closeSync(file);
  }
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InvalidModelError(`${path} is not text in UTF-8. Copy the file from the original model again.`);
  }
}

/**
 * @param path of the file, for the message
 * @throws InvalidModelError if the text is not JSON, or is nested too deeply
 */
export function parseJsonFile(path: string, text: string): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InvalidModelError(
      `${path} is not valid JSON (${(error as Error).message}). Copy the file again.`,
    );
  }
  if (isDeeperThan(json, mostLevels)) {
    throw new InvalidModelError(
      `${path} has more than ${mostLevels} levels of objects and lists. Copy the file from the original model again.`,
    );
  }
  return json;
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((item) => isDeeperThan(item, levels - 1));
  for (const name in value) {
    if (isDeeperThan((value as JsonObject)[name], levels - 1)) return true;
  }
  return false;
}

/**
 * @returns undefined if there is no such file
 * @throws InvalidModelError if it does not contain a JSON object
 */
export function readJsonObject(path: string, maxBytes: number): JsonObject | undefined {
  const text = readTextFile(path, maxBytes);
  if (text === undefined) return undefined;
  const json = parseJsonFile(path, text);
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

/** A value from a file, short enough for an error message. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, 80) : value);
  // Do not split a surrogate pair at the end.
  return text.length > 60 ? `${text.slice(0, 60).replace(/[\uD800-\uDBFF]$/, '')}…` : text;
}
