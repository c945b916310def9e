import { InvalidModelError } from '../errors.js';
import { isJsonObject, shown } from '../json-file.js';

/**
 * Reads the pieces of a tokenizer and their ids.
 * @param where they are, for the message
 * @param longest maximum characters of a piece
 * @throws InvalidModelError if it is not an object of ids, or larger than any real one.
 */
export function readVocabulary(json: unknown, where: string, longest = Infinity): Map<string, number> {
  if (!isJsonObject(json)) throw damaged(`${where} holds no object of pieces and their ids`);
  const ids = new Map<string, number>();
  for (const piece in json) {
    const wrong = wrongId(piece, json[piece]);
    if (wrong) throw damaged(`${where} ${wrong}`);
    if (piece.length > longest) {
      throw damaged(
        `${where} has the piece ${shown(piece)} of ${piece.length} characters, and ${longest} is the most`,
      );
    }
    ids.set(piece, json[piece] as number);
  }
  if (ids.size > mostPieces) throw damaged(`${where} has ${ids.size} pieces, and ${mostPieces} is the most`);
  return ids;
}

/** What is wrong with an id, which is an index into a table; undefined if nothing is. */
export function wrongId(piece: string, id: unknown): string | undefined {
  return Number.isInteger(id) && (id as number) >= 0 && (id as number) < mostPieces
    ? undefined
    : `gives ${shown(piece)} the id ${shown(id)}, which is no whole number from 0 to ${mostPieces - 1}`;
}

export function damaged(what: string): InvalidModelError {
  return new InvalidModelError(
    `The tokenizer is damaged: ${what}. Copy its files from the original model again.`,
  );
}

/** Maximum vocabulary size. The largest of a BERT, that of LaBSE, has half a million pieces. */
export const mostPieces = 600_000;
