import type { RowLayout } from '../../common/columns.js';
import type { DatasetStatistics, DatasetWarning, DatasetWarningKind } from '../dataset.js';
import type { FileFormat } from '../reading/file-format.js';
import { asCsv, type LabelledRow } from '../reading/row-parser.js';
import { LanguageCheck } from './language-check.js';
import { LengthHistogram } from './length-histogram.js';
import { folded, isInQuotes, isQuotedAsCsv, oddities } from './odd-text.js';
import { SentenceIndex } from './sentence-index.js';
import { scanSentence } from './sentence-scan.js';

/** Number of words from which a sentence may exceed the 128 word pieces that a model reads by default. */
const LONG_WORDS = 100;
const LONG_CHARACTERS = 512;
/** A class with a smaller share is called rare. */
const RARE_SHARE = 0.1;
const LINES_SHOWN = 10;
/** In a file with fewer rows it may be chance that all are quotations. */
const LEAST_QUOTED = 3;

/** Collects statistics and warnings about a data set while its rows are read. */
export class DatasetSurvey {
  readonly rowsByLabel: [unacceptable: number, acceptable: number] = [0, 0];
  private readonly words = new LengthHistogram();
  private readonly characters = new LengthHistogram();
  private readonly language = new LanguageCheck();
  private readonly found = new Map<DatasetWarningKind, { count: number; lines: number[] }>();
  /** Number of sentences in quote marks, whether those inside are doubled or not. */
  private inQuotes = 0;

  constructor(
    private readonly fileFormat: FileFormat,
    private readonly sentences = new SentenceIndex(),
  ) {}

  add(row: LabelledRow): void {
    const { label, sentence, line } = row;
    this.rowsByLabel[label]++;
    const { low: exact, words, characters } = scanSentence(sentence);
    this.words.add(words);
    this.characters.add(characters);
    this.language.add(sentence, line);
    if (words > LONG_WORDS || characters > LONG_CHARACTERS) this.note('long-sentences', line);
    if (row.hadBreaks) this.note('line-breaks', line);
    for (const kind of oddities(sentence)) this.note(kind, line);
    // If files were joined, the BOM of the second one stands in the first column, whatever column that is.
    if (row.source.includes('\uFEFF') && !sentence.includes('\uFEFF')) this.note('byte-order-marks', line);
    if (this.fileFormat === 'tsv') this.lookAtQuotes(sentence, line);

    const { high, low } = scanSentence(folded(sentence));
    const occurrence = this.sentences.add(high, low, exact, label);
    if (occurrence === 'duplicate') this.note('duplicate-sentences', line);
    if (occurrence === 'conflict') this.note('conflicting-labels', line);
    if (occurrence === 'near-duplicate') this.note('near-duplicates', line);
    if (occurrence === 'unknown') this.note('duplicates-not-fully-checked', line);
  }

  statistics(format: RowLayout): DatasetStatistics {
    return {
      fileFormat: this.fileFormat,
      format,
      words: this.words.statistics(),
      characters: this.characters.statistics(),
    };
  }

  warnings(): DatasetWarning[] {
    return [
      ...this.classWarnings(),
      ...this.languageWarnings(),
      ...this.quotingWarnings(),
      ...this.rowWarnings(),
    ];
  }

  private lookAtQuotes(sentence: string, line: number): void {
    if (!isInQuotes(sentence)) return;
    this.inQuotes++;
    if (isQuotedAsCsv(sentence)) this.note('quoted-fields', line);
  }

  private get rows(): number {
    return this.rowsByLabel[0] + this.rowsByLabel[1];
  }

  private classWarnings(): DatasetWarning[] {
    const [unacceptable, acceptable] = this.rowsByLabel;
    const rows = this.rows;
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

  private languageWarnings(): DatasetWarning[] {
    const other = this.language.result();
    if (!other) return [];
    const message =
      `${other.count} of ${this.rows} row(s) look like ${other.name}, not like English. The base models of the catalogue read English ` +
      'alone: check that this is the right file, or train a base model of that language.';
    return [{ kind: 'other-language', message, count: other.count, lines: other.lines }];
  }

  /** A whole file may be quoted although no sentence has a quote mark inside. */
  private quotingWarnings(): DatasetWarning[] {
    const doubled = this.found.get('quoted-fields');
    const areAll = this.inQuotes === this.rows && this.rows >= LEAST_QUOTED;
    if (!doubled && !areAll) return [];
    const what = areAll
      ? 'All sentences stand between quote marks'
      : `${doubled!.count} sentence(s) stand between quote marks, with doubled quote marks within`;
    const message = `${what}, as pandas and spreadsheets write them. TSV has no quoting, so these marks are part of the sentences now. If they should not be, ${asCsv}.`;
    return [
      {
        kind: 'quoted-fields',
        message,
        count: areAll ? this.inQuotes : doubled!.count,
        lines: doubled?.lines ?? [],
      },
    ];
  }

  private rowWarnings(): DatasetWarning[] {
    const messages: Partial<Record<DatasetWarningKind, (count: number) => string>> = {
      'conflicting-labels': (count) =>
        `${count} sentence(s) stand in the file with both labels. Decide which is right, and delete the other row.`,
      'duplicate-sentences': (count) =>
        `${count} row(s) repeat an earlier sentence. Delete them, unless they shall weigh more: where validation rows are held back, a repeated sentence may be both learnt and asked.`,
      'near-duplicates': (count) =>
        `${count} row(s) repeat an earlier sentence but for case, the form of accented letters (NFC), white space or invisible characters. To most models they are the same: delete them, above all where the labels differ.`,
      'byte-order-marks': (count) =>
        `${count} row(s) hold a byte-order mark (U+FEFF), as where files were joined. It was kept: delete it, since it hides that rows are the same.`,
      'invisible-characters': (count) =>
        `${count} sentence(s) hold characters that cannot be seen, such as zero-width spaces, soft hyphens, direction marks or control characters. They were kept, and some models read them: delete them.`,
      'damaged-characters': (count) =>
        `${count} sentence(s) hold U+FFFD or sequences such as "â€™": a program read the text in a wrong encoding before it came here. Make the file again from its source, as UTF-8.`,
      'html-entities': (count) =>
        `${count} sentence(s) hold HTML entities such as &amp; or &#39;. They were kept as they are: decode them (Python: html.unescape), unless they are meant.`,
      'line-breaks': (count) =>
        `${count} row(s) had line breaks or tabs within a text. A space stands for them now: check that each row is one sentence.`,
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
