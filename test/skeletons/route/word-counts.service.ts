import { Injectable } from '@nestjs/common';
import { InvalidInputError } from '../../../src/common/errors.js';

/** A plain domain type: services know neither DTOs nor HTTP. */
export interface WordCount {
  words: number;
  longest: string;
}

@Injectable()
export class WordCountsService {
  /** @throws InvalidInputError if there is no word; the filter turns it into a problem with the status 422. */
  count(sentence: string): WordCount {
    const words = sentence.match(/\p{L}+/gu) ?? [];
    if (words.length === 0) {
      // The message says what to do. The path says which field of the body is meant.
      const message = 'sentence has no word. Send a sentence with at least one letter';
      throw new InvalidInputError(`${message}.`, [{ path: ['sentence'], message }]);
    }
    const longest = words.reduce((longest, word) => (word.length > longest.length ? word : longest));
    return { words: words.length, longest };
  }
}
