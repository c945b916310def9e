import { InvalidInputError, MalformedRequestError } from './errors.js';

/** The maximum number of values. The largest body that a route takes, 128 pairs of sentences, has about 400. */
export const MOST_VALUES = 10_000;

/** The maximum depth. Bodies of routes have at most four levels. */
export const DEEPEST = 32;

/**
 * Parses JSON from clients. It checks the number of values and the depth before it builds anything: a list of
 * 300,000 empty objects takes one mebibyte to send and seconds to process.
 * @param what the text is, as the subject of a sentence
 * @throws MalformedRequestError with the place of the first fault, InvalidInputError if there is too much
 */
export function parseJson(text: string, what = 'The body'): unknown {
  const fault = firstFault(text, what);
  if (fault) {
    throw new MalformedRequestError(
      `${what} is not valid JSON: ${describe(text, fault)}. Correct it and send it again.`,
    );
  }
  return JSON.parse(text);
}

interface Fault {
  at: number;
  expected: string;
}

/** What may come next. 'first item' also allows the end of the list, and 'first name' the end of the object. */
type State = 'value' | 'first item' | 'name' | 'first name' | 'after a value';

const LITERAL = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
const UNICODE_ESCAPE = /\\u[\da-fA-F]{4}/y;
/** Characters that may follow a backslash. */
const ESCAPED = new Set('"\\/bfnrt');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const BLANKS = /[ \t\n\r]*/y;

/** Scans JSON once without building anything. */
function firstFault(text: string, what: string): Fault | undefined {
  /** Closing brackets that are still expected. */
  const open: ('}' | ']')[] = [];
  let state: State = 'value';
  let values = 0;
  let at = 0;
  while (state !== 'after a value' || open.length > 0) {
    at = endOf(BLANKS, text, at)!;
    const letter = text[at];
    const bracket = open.at(-1);
    if (letter === bracket && bracket !== undefined && state !== 'value' && state !== 'name') {
      open.pop();
      at++;
      state = 'after a value';
    } else if (state === 'after a value') {
      if (letter !== ',') return { at, expected: `a comma or ${bracket}` };
      at++;
      state = bracket === ']' ? 'value' : 'name';
    } else if (state === 'name' || state === 'first name') {
      if (letter !== '"') return { at, expected: 'a name in double quotes' };
      const end = endOfString(text, at);
      if (typeof end !== 'number') return end;
      at = endOf(BLANKS, text, end)!;
      if (text[at] !== ':') return { at, expected: 'a colon' };
      at++;
      state = 'value';
    } else {
      if (++values > MOST_VALUES) throw tooMuch(what, `holds more than ${MOST_VALUES} values`);
      if (letter === '{' || letter === '[') {
        if (open.length === DEEPEST) throw tooMuch(what, `is nested more than ${DEEPEST} levels deep`);
        open.push(letter === '{' ? '}' : ']');
        at++;
        state = letter === '{' ? 'first name' : 'first item';
      } else {
        const end = letter === '"' ? endOfString(text, at) : endOf(LITERAL, text, at);
        if (end === undefined) return { at, expected: 'a value (text needs double quotes)' };
        if (typeof end !== 'number') return end;
        at = end;
        state = 'after a value';
      }
    }
  }
  at = endOf(BLANKS, text, at)!;
  return at < text.length ? { at, expected: 'the end' } : undefined;
}

/** Returns the end of a match of a sticky pattern at this position; undefined if there is none. */
function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** Reads character by character: a pattern for each escape would take a tenth of a second per mebibyte. */
function endOfString(text: string, start: number): number | Fault {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code < SPACE) return { at, expected: 'an escape such as \\n, not a control character' };
    if (code !== BACKSLASH) continue;
    if (ESCAPED.has(text.charAt(at + 1))) at++;
    else if (endOf(UNICODE_ESCAPE, text, at) !== undefined) at += 5;
    else return { at, expected: 'an escape that JSON knows, such as \\\\ or \\n' };
  }
  return { at: text.length, expected: 'the double quote that ends the text' };
}

function describe(text: string, { at, expected }: Fault): string {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  const letter = text.codePointAt(at);
  const found = letter === undefined ? 'the end' : JSON.stringify(String.fromCodePoint(letter));
  return `line ${line}, column ${column}: expected ${expected}, found ${found}`;
}

function tooMuch(what: string, problem: string): InvalidInputError {
  return new InvalidInputError(`${what} ${problem}. /docs shows its fields and an example.`);
}
