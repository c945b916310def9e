const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The beginning of a text, of at most so many UTF-16 units, with … for what is left out. No character is cut in two. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  let end = 0;
  // Two units more than are kept: what would belong to the last character is seen.
  for (const { segment, index } of characters.segment(text.slice(0, most + 2))) {
    if (index + segment.length > most) break;
    end = index + segment.length;
  }
  return `${text.slice(0, end)}…`;
}
