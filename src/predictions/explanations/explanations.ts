import type { Judgement } from '../../bert/serving/served-model.js';
import { sentenceProblem } from '../../bert/tokenizer/sentence-problem.js';
import { InvalidInputError, type InputPath, type InputProblem } from '../../common/errors.js';
import { logOdds } from '../judging-rule.js';
import { withoutWord, wordsOf, type Word } from './words.js';

/** Maximum number of words to explain, per sentence and per request. Each word costs one more judgement. */
export const maxExplainedWords = { ofSentence: 128, ofRequest: 512 };

/**
 * The effect of a word on the judgement of its sentence. The numbers are null if nothing is left to judge
 * without it.
 */
export interface WordEffect {
  word: string;
  /** In UTF-16 code units: the word is `sentence.slice(start, end)`. */
  start: number;
  end: number;
  /** Of the sentence without the word. */
  score: number | null;
  /** Score of the sentence minus the score without the word. Above 0, the word makes it more acceptable. */
  change: number | null;
  /** The same difference for the log odds. */
  logOddsChange: number | null;
}

/** A sentence, its words and its shortened forms to judge. */
export interface Explainable {
  words: Word[];
  /**
   * The sentence without its first word, without its second one, and so on. null if nothing is left to judge.
   */
  shorter: (string | null)[];
}

/** @throws InvalidInputError if there are more words than {@link maxExplainedWords}. */
export function explainables(
  sentences: readonly string[],
  pathOf: (index: number) => InputPath,
): Explainable[] {
  const words = fewWordsOf(sentences, pathOf);
  return words.map((ofSentence, i) => ({
    words: ofSentence,
    shorter: ofSentence.map((word) => {
      const rest = withoutWord(sentences[i]!, word);
      return sentenceProblem(rest) === null ? rest : null;
    }),
  }));
}

/** @param judgements of all sentences, then of all judgeable `shorter` forms, sentence by sentence */
export function explanationsOf(
  judgements: readonly Judgement[],
  explained: readonly Explainable[],
): WordEffect[][] {
  let next = explained.length;
  return explained.map(({ words, shorter }, i) =>
    words.map((word, j) =>
      effectOf(word, judgements[i]!, shorter[j] === null ? undefined : judgements[next++]),
    ),
  );
}

function effectOf({ text, start, end }: Word, whole: Judgement, without: Judgement | undefined): WordEffect {
  const place = { word: text, start, end };
  if (!without) return { ...place, score: null, change: null, logOddsChange: null };
  const { score } = without;
  return { ...place, score, change: whole.score - score, logOddsChange: logOdds(whole) - logOdds(without) };
}

function fewWordsOf(sentences: readonly string[], pathOf: (index: number) => InputPath): Word[][] {
  const { ofSentence, ofRequest } = maxExplainedWords;
  const tooLong: InputProblem[] = [];
  const words: Word[][] = [];
  let total = 0;
  for (const [i, sentence] of sentences.entries()) {
    // Stop at the limit: splitting a large body to its end would delay others.
    const some = wordsOf(sentence, ofSentence + 1);
    if (some.length > ofSentence) {
      const message = `has more than ${ofSentence} words and marks: shorten it, or leave explain out`;
      tooLong.push({ path: pathOf(i), message });
    }
    words.push(some);
    total += some.length;
    if (total > ofRequest) break;
  }
  if (tooLong.length > 0) {
    throw new InvalidInputError(`Sentences that are too long to explain: ${tooLong.length}.`, tooLong);
  }
  if (total > ofRequest) {
    throw new InvalidInputError(
      `The sentences have more than ${ofRequest} words and punctuation marks in total, too many to explain in one request. Send fewer sentences.`,
    );
  }
  return words;
}
