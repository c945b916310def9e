import type { ProblemDetails } from '../../common/problem-details.dto.js';
import { judgementAnswer } from '../answers.js';
import type { RuledJudgement } from '../judging-rule.js';
import type { SentenceLine } from './sentence-lines.js';
import { ndjson, type StreamType } from './stream-types.js';

/** What is known of a line in the end: its judgement, if it could be judged. */
export interface JudgedLine {
  line: SentenceLine;
  judgement: RuledJudgement | null;
}

/** How lines of the answer are written, each with its line end. */
export interface JudgementLines {
  /** What comes before the first judgement. */
  header: string;
  write(judged: JudgedLine): string;
  /** The last line of an answer that could not be finished. */
  writeFailure(problem: ProblemDetails): string;
}

/** @param logits whether to tell them. */
export function judgementLines(type: StreamType, logits: boolean): JudgementLines {
  return type === ndjson ? ndjsonLines(logits) : tsvLines(logits);
}

function ndjsonLines(withLogits: boolean): JudgementLines {
  const text = (value: object) => `${JSON.stringify(value)}\n`;
  return {
    header: '',
    write: ({ line: { line, id, ...what }, judgement }) => {
      // `id` is left out where it is undefined.
      if (judgement === null) return text({ line, id, error: 'error' in what ? what.error : null });
      return text({ line, id, ...judgementAnswer(judgement, withLogits) });
    },
    writeFailure: (error) => text({ error }),
  };
}

function tsvLines(withLogits: boolean): JudgementLines {
  const logitNames = withLogits ? ['logitUnacceptable', 'logitAcceptable'] : [];
  const judgementNames = ['acceptable', 'score', 'calibratedScore', 'truncated', ...logitNames];
  const text = (fields: readonly (string | number | undefined)[]) => `${fields.map(field).join('\t')}\n`;
  const blanks = judgementNames.map(() => '');
  return {
    header: text(['line', 'id', ...judgementNames, 'error', 'sentence']),
    write: ({ line, judgement }) => {
      const sentence = 'sentence' in line ? line.sentence : '';
      if (judgement === null) {
        return text([line.line, line.id, ...blanks, 'error' in line ? line.error : '', sentence]);
      }
      const { acceptable, score, calibratedScore, truncated, logits } = judgement;
      const values = [Number(acceptable), score, calibratedScore ?? '', Number(truncated)];
      return text([line.line, line.id, ...values, ...(withLogits ? logits : []), '', sentence]);
    },
    writeFailure: ({ status, title, detail }) =>
      text(['', '', ...blanks, `${status} ${title}: ${detail}`, '']),
  };
}

/** There is no quoting: what would end a field becomes a space. */
function field(value: string | number | undefined): string {
  return String(value ?? '').replace(/[\t\n\r]/g, ' ');
}
