import type { DatasetStatistics, DatasetWarning, DatasetWarningKind, TsvFormat } from '../dataset.js';
import type { TsvRow } from '../tsv/tsv-parser.js';
import { LengthHistogram } from './length-histogram.js';
import { SentenceIndex } from './sentence-index.js';
import { scanSentence } from './sentence-scan.js';

/** From here on a sentence may well be longer than the 128 word pieces that a model reads by default. */
const LONG_WORDS = 100;
const LONG_CHARACTERS = 512;
/** A class with a smaller share than this is called rare. */
const RARE_SHARE = 0.1;
const LINES_SHOWN = 10;

/** Watches the rows of a dataset go by, and tells at the end how they are and what is odd about them. */
export class DatasetSurvey {
  readonly rowsByLabel: [unacceptable: number, acceptable: number] = [0, 0];
  private readonly words = new LengthHistogram();
  private readonly characters = new LengthHistogram();
  private readonly found = new Map<DatasetWarningKind, { count: number; lines: number[] }>();

  constructor(private readonly sentences = new SentenceIndex()) {}

  add({ label, sentence, line }: Pick<TsvRow, 'label' | 'sentence' | 'line'>): void {
    this.rowsByLabel[label]++;
    const { high, low, words, characters } = scanSentence(sentence);
    this.words.add(words);
    this.characters.add(characters);
    if (words > LONG_WORDS || characters > LONG_CHARACTERS) this.note('long-sentences', line);
    const occurrence = this.sentences.add(high, low, label);
    if (occurrence === 'duplicate') this.note('duplicate-sentences', line);
    if (occurrence === 'conflict') this.note('conflicting-labels', line);
    if (occurrence === 'unknown') this.note('duplicates-not-fully-checked', line);
  }

  statistics(format: TsvFormat): DatasetStatistics {
    return { format, words: this.words.statistics(), characters: this.characters.statistics() };
  }

  warnings(): DatasetWarning[] {
    return [...this.classWarnings(), ...this.rowWarnings()];
  }

  private classWarnings(): DatasetWarning[] {
    const [unacceptable, acceptable] = this.rowsByLabel;
    const rows = unacceptable + acceptable;
    const [rare, count] =
      unacceptable < acceptable ? ['0 (unacceptable)', unacceptable] : ['1 (acceptable)', acceptable];
    if (count === 0) {
      const message = `No row has label ${rare}. The set can be judged, but no model can learn from it: add such rows.`;
      return [{ kind: 'missing-class', message, count: rows, lines: [] }];
    }
    if (count >= rows * RARE_SHARE) return [];
    const share = ((100 * count) / rows).toFixed(1);
    const message = `Only ${share} % of the rows have label ${rare}. A model may learn to ignore it: add such rows, and watch the MCC, not the accuracy.`;
    return [{ kind: 'skewed-classes', message, count, lines: [] }];
  }

  private rowWarnings(): DatasetWarning[] {
    const messages: Partial<Record<DatasetWarningKind, (count: number) => string>> = {
      'conflicting-labels': (count) =>
        `${count} sentence(s) stand in the file with both labels. Decide which is right, and delete the other row.`,
      'duplicate-sentences': (count) =>
        `${count} row(s) repeat an earlier sentence. Delete them, unless they shall weigh more: where validation rows are held back, a repeated sentence may be both learnt and asked.`,
      'long-sentences': (count) =>
        `${count} sentence(s) are longer than ${LONG_WORDS} words or ${LONG_CHARACTERS} characters. A model reads the first pieces only (128 unless maxLength says otherwise): check that each row is one sentence.`,
      'duplicates-not-fully-checked': (count) =>
        `Duplicates were looked for among the first ${this.sentences.size} different sentences only; ${count} row(s) came after.`,
    };
    return Object.entries(messages).flatMap(([kind, message]) => {
      const found = this.found.get(kind as DatasetWarningKind);
      return found ? [{ kind: kind as DatasetWarningKind, message: message(found.count), ...found }] : [];
    });
  }

  private note(kind: DatasetWarningKind, line: number): void {
    const found = this.found.get(kind) ?? { count: 0, lines: [] };
    found.count++;
    if (found.lines.length < LINES_SHOWN) found.lines.push(line);
    this.found.set(kind, found);
  }
}
