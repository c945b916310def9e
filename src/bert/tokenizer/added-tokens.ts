import type { JsonObject } from '../json-file.js';
import type { SpecialToken } from './settings.js';

/** Special tokens as `tokenizer.json` lists them, without those that the vocabulary lacks. */
export function addedTokens(
  tokens: readonly SpecialToken[],
  vocabulary: ReadonlyMap<string, number>,
): JsonObject[] {
  const byContent = new Map(tokens.map((token) => [token.content, token]));
  return [...byContent.values()]
    .filter(({ content }) => vocabulary.has(content))
    .map(({ content, lstrip, rstrip }) => ({
      id: vocabulary.get(content),
      content,
      single_word: false,
      lstrip,
      rstrip,
      normalized: false,
      special: true,
    }));
}

/**
 * Removes the white space that a token in a text swallows (`lstrip`, `rstrip`). White space is defined as in
 * the reference, which includes U+0085 and excludes U+FEFF. `@huggingface/tokenizers` uses JavaScript's
 * definition, which does the opposite.
 * @param sections a text, split before and after each token
 */
export function stripAroundTokens(
  sections: readonly string[],
  tokens: ReadonlyMap<string, SpecialToken>,
): string[] {
  return sections.map((section, index) => {
    const [before, after] = [tokens.get(sections[index - 1] ?? ''), tokens.get(sections[index + 1] ?? '')];
    const start = before?.rstrip ? section.replace(spaceAtStart, '') : section;
    return after?.lstrip ? withoutSpaceAtEnd(start) : start;
  });
}

const space = /^\p{White_Space}$/u;
const spaceAtStart = /^\p{White_Space}+/u;

/** A pattern would try every space of a long run in turn. */
function withoutSpaceAtEnd(text: string): string {
  let end = text.length;
  while (end > 0 && space.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}
