/*
 * Skeleton of a feature with one route: copy the folder to src/NAME/, this file into its dto/, and write `../` for `../../../src/` in
 * the imports (`../../` in dto/). A route of a feature that is there needs the DTOs and a method of its controller and its service.
 * CONTRIBUTING.md, "To add a route", has the steps that follow.
 *
 * DTOs are what the API shows: one class for each body and answer. The doc comments and `@example` become the API document.
 */
import { IsString, MaxLength } from 'class-validator';
import type { WordCount } from './word-counts.service.js';

/** A sentence whose words are to be counted. */
export class CountWordsDto {
  /**
   * The sentence.
   * @example 'The cat sat on the mat.'
   */
  // A message names the field and says what is right. A field without a decorator is refused as unknown.
  @IsString({ message: 'sentence must be a string' })
  @MaxLength(10_000, { message: 'sentence may have at most 10,000 characters' })
  sentence!: string;
}

/** The words of a sentence. */
export class WordCountDto {
  /**
   * Number of words.
   * @example 6
   */
  words!: number;

  /**
   * The longest word, the first of several.
   * @example 'The'
   */
  longest!: string;

  /** The one way from a domain type to an answer. What it does not name stays inside. */
  static of({ words, longest }: WordCount): WordCountDto {
    return { words, longest };
  }
}
