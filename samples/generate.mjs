// Writes the sample data: `node samples/generate.mjs`. The same seed gives the same bytes.
import { writeFileSync } from 'node:fs';
import { frames } from './frames.mjs';

const SEED = 1;
const PAIRS_PER_FRAME = 13;
/** Of each phenomenon, so many frames (the last ones) are for validation: no frame is in both files. */
const VALIDATION_FRAMES = 2;

/**
 * @returns {{ training: string, validation: string }} Two TSV files of four columns, as CoLA has them: the phenomenon, 1 for
 * acceptable or 0, the linguists' mark `*` before what is not, the sentence.
 */
export function sampleData() {
  const random = mulberry32(SEED);
  const parts = { training: [], validation: [] };
  for (const [phenomenon, all] of Object.entries(frames)) {
    for (const [index, frame] of all.entries()) {
      const part = index < all.length - VALIDATION_FRAMES ? parts.training : parts.validation;
      for (const [acceptable, unacceptable] of pairsOf(frame, random)) {
        part.push([phenomenon, 1, '', acceptable], [phenomenon, 0, '*', unacceptable]);
      }
    }
  }
  const text = (rows) =>
    shuffled(rows, random)
      .map((row) => `${row.join('\t')}\n`)
      .join('');
  return { training: text(parts.training), validation: text(parts.validation) };
}

function pairsOf({ lists, write }, random) {
  const pairs = new Map();
  while (pairs.size < PAIRS_PER_FRAME) {
    const drawn = [];
    for (const list of lists) {
      // A frame that draws twice from a list wants two different words.
      const left = list.filter((word) => !drawn.includes(word));
      drawn.push(left[Math.floor(random() * left.length)]);
    }
    const pair = write(...drawn);
    // Both sides are new: no sentence stands twice in the data.
    if (![...pairs.values()].flat().some((sentence) => pair.includes(sentence))) pairs.set(pair[0], pair);
  }
  return [...pairs.values()];
}

function shuffled(rows, random) {
  return rows
    .map((row) => ({ row, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ row }) => row);
}

/** Tommy Ettinger's generator of 32 bits: numbers from 0 to 1, the same for the same seed. */
function mulberry32(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

if (import.meta.filename === process.argv[1]) {
  for (const [name, text] of Object.entries(sampleData())) {
    writeFileSync(new URL(`sample-${name}.tsv`, import.meta.url), text);
  }
}
