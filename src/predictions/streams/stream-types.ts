/** The two forms in which sentences come and judgements go, line by line. */
export type StreamType = 'application/x-ndjson' | 'text/tab-separated-values';

export const ndjson = 'application/x-ndjson';
export const tsv = 'text/tab-separated-values';

export const streamTypes: readonly StreamType[] = [ndjson, tsv];

/** In which of the two to answer: the one that `Accept` names; where it names both or neither, the one that came. */
export function answerType(accept: string | undefined, sent: StreamType): StreamType {
  const named = (accept ?? '').split(',').map((range) => range.split(';', 1)[0]!.trim().toLowerCase());
  const accepted = streamTypes.filter((type) => named.includes(type));
  return accepted.length === 1 ? accepted[0]! : sent;
}
