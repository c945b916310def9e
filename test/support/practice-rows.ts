/**
 * Makes rows with a sentence and a label. Label 1: the first two words are in order ("The cat …"). Label 0:
 * they are not ("Cat the …"). A tiny model learns this in a few epochs. Equal arguments give equal rows.
 */
export function practiceRows(rows: number, seed: number): string {
  let state = seed;
  const pick = (words: string[]) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return words[Math.floor((state / 2 ** 32) * words.length)]!;
  };
  const lines = Array.from({ length: rows }, (_, row) => {
    const article = pick(['the', 'a', 'this', 'that']);
    const noun = pick(['cat', 'dog', 'girl', 'boy', 'man', 'bird']);
    const rest = `${pick(['saw', 'fed', 'met', 'hid'])} ${pick(['the', 'a'])} ${pick(['cat', 'dog', 'girl'])}.`;
    const acceptable = row % 3 !== 0;
    const start = acceptable ? `${article} ${noun}` : `${noun} ${article}`;
    return `${start[0]!.toUpperCase()}${start.slice(1)} ${rest}\t${acceptable ? 1 : 0}\n`;
  });
  return lines.join('');
}
