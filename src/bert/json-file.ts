import { InvalidModelError } from './errors.js';

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
