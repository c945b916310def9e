/**
 * Finds the source text of the member `id` in a line of JSON, so that it can be returned unchanged. Parsing
 * and writing it again would change numbers with more digits than a double (such as 64-bit keys).
 * @param json of an object, valid
 * @returns the last `id`, since that one counts; undefined if there is none
 */
export function idSource(json: string): string | undefined {
  let found: string | undefined;
  let at = endOf(blanks, json, 0) + 1;
  for (;;) {
    const nameStart = endOf(blanks, json, at);
    if (json[nameStart] !== '"') return found;
    const nameEnd = endOf(text, json, nameStart);
    const start = endOf(blanks, json, endOf(blanks, json, nameEnd) + 1);
    const end = endOfValue(json, start);
    if (JSON.parse(json.slice(nameStart, nameEnd)) === 'id') found = json.slice(start, end);
    // After the comma or the closing bracket.
    at = endOf(blanks, json, end) + 1;
  }
}

const blanks = /[ \t\n\r]*/y;
const text = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
/** A number, `true`, `false` or `null`. */
const word = /[^\s,\]}]+/y;
/** The content of lists and objects: strings, brackets, and everything between them. */
const pieces = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]|[^"[\]{}]+/gy;

function endOfValue(json: string, start: number): number {
  const first = json[start];
  if (first === '"') return endOf(text, json, start);
  if (first !== '{' && first !== '[') return endOf(word, json, start);
  let depth = 0;
  pieces.lastIndex = start;
  for (const piece of json.matchAll(pieces)) {
    if (piece[0] === '{' || piece[0] === '[') depth++;
    else if ((piece[0] === '}' || piece[0] === ']') && --depth === 0) return piece.index + 1;
  }
  throw new Error('The JSON is not valid. This is a bug: it was read before.');
}

/** End of the match of a sticky pattern. */
function endOf(pattern: RegExp, json: string, start: number): number {
  pattern.lastIndex = start;
  pattern.test(json);
  return pattern.lastIndex;
}
