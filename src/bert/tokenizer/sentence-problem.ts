/**
 * Why a text is not a sentence, and what to do; null if it can be judged. BERT's normalisation drops control
 * and format characters, private use and U+FFFD, and strips accents. If nothing else is left, every model
 * would see no word at all and always give the same score.
 */
export function sentenceProblem(text: string): string | null {
  if (!something.test(text)) {
    const found = charactersOf(text);
    if (found.length === 0) return 'must not be empty: write a sentence';
    return `must be more than ${listOf(found.map((letter) => `${codePointOf(letter)} (${kindOf(letter)})`))}: write a sentence`;
  }
  const half = loneSurrogate.exec(text);
  if (!half) return null;
  return (
    `must be whole: ${codePointOf(half[0])} is half of a character, such as an emoji, after ${half.index} UTF-16 code units. ` +
    'Do not cut texts within a character'
  );
}

/** A visible character that remains after normalisation. */
const something = /[^\s\p{C}\p{M}\p{Default_Ignorable_Code_Point}\u2800\uFFFD]/u;

// With the flag u, a valid surrogate pair is one character of another class.
const loneSurrogate = /\p{Cs}/u;

const kinds: readonly [pattern: RegExp, kind: string][] = [
  [/\uFFFD/, 'which stands for a character that was lost'],
  [/\p{Cs}/u, 'half of a character'],
  [/\p{Cc}/u, 'a control character'],
  [/\p{Cf}/u, 'a format character'],
  [/\p{Co}/u, 'private use'],
  [/\p{Cn}/u, 'unassigned'],
  [/\p{M}/u, 'a mark on a letter'],
];

/** Maximum number of different characters to name. */
const NAMED = 4;

/**
 * The different characters except white space, in order of appearance, and at most one more than are named.
 */
function charactersOf(text: string): string[] {
  const found = new Set<string>();
  for (const letter of text) {
    if (!/\s/.test(letter)) found.add(letter);
    if (found.size > NAMED) break;
  }
  return [...found];
}

function listOf(items: string[]): string {
  if (items.length > NAMED) return `${items.slice(0, NAMED).join(', ')} and others`;
  return items.length === 1 ? items[0]! : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

function kindOf(letter: string): string {
  return kinds.find(([pattern]) => pattern.test(letter))?.[1] ?? 'invisible';
}

function codePointOf(letter: string): string {
  return `U+${letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}
