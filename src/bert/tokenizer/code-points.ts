/** A pattern for one character out of a list of code points and ranges in hexadecimal. */
export function codePoints(list: string): string {
  const ranges = list.split(' ').map((range) => range.replace(/[0-9a-f]+/g, '\\u{$&}'));
  return `[${ranges.join('')}]`;
}
