/**
 * How the value of the member `id` is written in a line of JSON, to be given back as it came: a number of more digits than a double
 * has (a 64-bit key of a database, say), or one beyond its range, is another one once it was read and written again.
 * @param json of an object, valid
 * @returns the last `id`, as it is the one that counts; undefined where there is none
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
    // After the comma, or after the bracket that ends it all.
    at = endOf(blanks, json, end) + 1;
  }
}

const blanks = /[ \t\n\r]*/y;
const text = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
/** A number, `true`, `false` or `null`. */
const word = /[^\s,\]}]+/y;
/** What stands in lists and objects: texts, brackets, and all between them. */
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

/** Where what a sticky pattern finds at a place ends. */
function endOf(pattern: RegExp, json: string, start: number): number {
  pattern.lastIndex = start;
  pattern.test(json);
  return pattern.lastIndex;
}
