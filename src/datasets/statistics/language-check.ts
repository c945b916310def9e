/*
 * Detects a file that is clearly in another language than English. The check looks for evidence of another
 * language, not for a lack of English: "Dogs chase cats." has no function words and is English. It misses
 * languages that are not listed and use Latin letters.
 */

/** Share of rows in another script from which the file counts as foreign. */
const FOREIGN_ROWS = 0.5;
/** Fewer words say nothing about the language. */
const LEAST_WORDS = 40;
const LINES_SHOWN = 10;

/**
 * Frequent words of each language. Words that are also English, such as "is" or "no", prove nothing and are
 * left out.
 */
const foreign = {
  German:
    'der das und ist nicht ein eine einen dem des ich du wir ihr sie mit auf für von zu sich auch wie bei nach aus dass wird sind haben',
  French:
    'le la les et est une des du dans que qui pas ne il elle nous vous ils sur pour avec au aux ce cette sont été mais être',
  Spanish:
    'el la los las y es una que en no un del por con para se lo su al como más pero sus ya está muy también',
  Italian: 'il la gli le e è una di che non per con del della sono si da nel ma anche più questo ha alla',
  Portuguese:
    'os as e é uma um não que em para com do da dos das se por mais ao como mas foi são está ele ela',
  Dutch:
    'de het een en van is niet dat op te zijn voor met er maar om hij zij ook aan wordt naar heeft bij deze',
};

const english =
  'the a an of to in is was that it he she they we you i and for on with at by be this have has had not are were his her their from ' +
  'or but what who which do did does will would can could there no so if about him them my me as than been';

const languages = Object.keys(foreign);

/** For each frequent word, a bit for each language that has it. Bit 0 stands for English only. */
const bitsOf = new Map<string, number>();
Object.values(foreign).forEach((words, i) => {
  for (const word of words.split(' ')) bitsOf.set(word, (bitsOf.get(word) ?? 0) | (2 << i));
});
for (const word of english.split(' ')) bitsOf.set(word, 1);

export interface OtherLanguage {
  /** For example "German", or the name of a script. */
  name: string;
  /** Number of rows that look like this language. */
  count: number;
  lines: number[];
}

/** Collects evidence while sentences are read. */
export class LanguageCheck {
  private rows = 0;
  private words = 0;
  private englishWords = 0;
  private readonly otherScript = { count: 0, lines: [] as number[] };
  private readonly found = languages.map(() => ({ words: 0, count: 0, lines: [] as number[] }));

  add(sentence: string, line: number): void {
    this.rows++;
    if (isInOtherScript(sentence)) return note(this.otherScript, line);
    const words = sentence.toLowerCase().match(word) ?? [];
    this.words += words.length;
    const known = words.map((one) => bitsOf.get(one) ?? 0).filter((bits) => bits !== 0);
    const inEnglish = known.filter((bits) => bits === 1).length;
    this.englishWords += inEnglish;
    if (inEnglish === known.length) return;
    this.found.forEach((language, i) => {
      const own = known.filter((bits) => bits & (2 << i)).length;
      language.words += own;
      if (own > inEnglish) note(language, line);
    });
  }

  /** Returns the language of the file if it is clearly not English. */
  result(): OtherLanguage | undefined {
    if (this.otherScript.count >= this.rows * FOREIGN_ROWS && this.rows > 0) {
      return { name: 'another script than the Latin one', ...this.otherScript };
    }
    const [most] = this.found
      .map((language, i) => ({ ...language, name: languages[i]! }))
      .sort((a, b) => b.words - a.words);
    if (!most || this.words < LEAST_WORDS) return undefined;
    const isPlain = most.words >= this.words * 0.15 && most.words > 2 * this.englishWords;
    return isPlain ? { name: most.name, count: most.count, lines: most.lines } : undefined;
  }
}

/** Words in Latin letters. This pattern is faster than one for all letters. */
const word = /[a-z\u00df-\u024f]+/g;

/**
 * Whether most letters, and at least four, are in another script. A few do not count: linguists use Greek
 * letters in English sentences.
 */
function isInOtherScript(sentence: string): boolean {
  if (!/[^ -~]/.test(sentence)) return false;
  const letters = sentence.match(/\p{L}/gu)?.length ?? 0;
  const latin = sentence.match(/\p{Script=Latin}/gu)?.length ?? 0;
  return letters >= 4 && letters - latin > latin;
}

function note(found: { count: number; lines: number[] }, line: number): void {
  found.count++;
  if (found.lines.length < LINES_SHOWN) found.lines.push(line);
}
