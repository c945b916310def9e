import type { ProblemDetails } from '../../api/problem-details.dto.js';
import { JudgementDto } from '../dto/prediction.dto.js';
import type { Prediction } from '../judging-rule.js';
import type { SentenceLine } from './sentence-lines.js';
import { ndjson, type StreamType } from './stream-types.js';

/** The final state of a line, with its prediction if it could be judged. */
export interface JudgedLine {
  line: SentenceLine;
  prediction: Prediction | null;
}

/** How to write lines of the answer, each with its line end. */
export interface JudgementLines {
  /** Text before the first judgement. */
  header: string;
  write(judged: JudgedLine): string;
  /** The last line of an answer that could not be completed. */
  writeFailure(problem: ProblemDetails): string;
}

/** @param logits whether to include them. */
export function judgementLines(type: StreamType, logits: boolean): JudgementLines {
  return type === ndjson ? ndjsonLines(logits) : tsvLines(logits);
}

function ndjsonLines(withLogits: boolean): JudgementLines {
  return {
    header: '',
    write: ({ line: { line, id, ...what }, prediction }) => {
      const told =
        prediction === null
          ? { error: 'error' in what ? what.error : null }
          : JudgementDto.of(prediction, withLogits);
      // The id is already JSON and is returned unchanged.
      return `{"line":${line},${id === undefined ? '' : `"id":${id},`}${JSON.stringify(told).slice(1)}\n`;
    },
    writeFailure: (error) => `${JSON.stringify({ error })}\n`,
  };
}

function tsvLines(withLogits: boolean): JudgementLines {
  const logitNames = withLogits ? ['logitUnacceptable', 'logitAcceptable'] : [];
  const judgementNames = ['acceptable', 'score', 'calibratedScore', 'truncated', ...logitNames];
  const text = (fields: readonly (string | number)[]) => `${fields.map(field).join('\t')}\n`;
  const blanks = judgementNames.map(() => '');
  return {
    header: text(['line', 'id', ...judgementNames, 'error', 'sentence']),
    write: ({ line: { line, id: json = '""', ...what }, prediction }) => {
      const sentence = 'sentence' in what ? what.sentence : '';
      const id = json.startsWith('"') ? (JSON.parse(json) as string) : json;
      if (!isField(id)) return text([line, '', ...blanks, notAField, sentence]);
      if (prediction === null)
        return text([line, id, ...blanks, 'error' in what ? what.error : '', sentence]);
      const { acceptable, score, calibratedScore, truncated, logits } = prediction;
      const values = [Number(acceptable), score, calibratedScore ?? '', Number(truncated)];
      return text([line, id, ...values, ...(withLogits ? logits : []), '', sentence]);
    },
    writeFailure: ({ status, title, detail }) =>
      text(['', '', ...blanks, `${status} ${title}: ${detail}`, '']),
  };
}

const notAField =
  'The id has a tab, a line end or half of a character, which TSV cannot carry: ask for NDJSON (Accept: application/x-ndjson).';

/** Whether TSV can hold a text unchanged. */
function isField(text: string): boolean {
  return !/[\t\n\r]|\p{Cs}/u.test(text);
}

/** TSV has no quoting: a character that would end a field becomes a space. */
function field(value: string | number): string {
  return String(value).replace(/[\t\n\r]/g, ' ');
}
