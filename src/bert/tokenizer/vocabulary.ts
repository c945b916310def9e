import { InvalidModelError } from '../errors.js';
import { isJsonObject } from '../json-file.js';

/**
 * The pieces of a tokenizer and their ids.
 * @param where they stand, for the message
 * @throws InvalidModelError if it is not an object of ids.
 */
export function readVocabulary(json: unknown, where: string): Map<string, number> {
  if (!isJsonObject(json)) throw damaged(`${where} is not an object of pieces and their ids`);
  const ids = Object.entries(json);
  for (const [piece, id] of ids) {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= mostPieces) {
      throw damaged(
        `${where} gives ${JSON.stringify(piece)} the id ${JSON.stringify(id)}, which is no whole number from 0 on`,
      );
    }
  }
  return new Map(ids as [string, number][]);
}

export function damaged(what: string): InvalidModelError {
  return new InvalidModelError(
    `The tokenizer is damaged: ${what}. Copy its files from the original model again.`,
  );
}

/** As many as a model may have. */
const mostPieces = 10_000_000;
