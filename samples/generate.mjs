// Writes the sample data: `node samples/generate.mjs`. The same seed gives the same bytes.
import { writeFileSync } from 'node:fs';
import { sentence } from './clauses.mjs';
import { lexicon } from './lexicon.mjs';

const SEED = 1;

/** How many frames there are of each phenomenon. The errors of beginners and learners count most. */
export const framesOf = {
  'word order': 190,
  agreement: 190,
  articles: 190,
  'verb forms': 190,
  'argument structure': 80,
  tense: 70,
  reflexives: 50,
  pronouns: 45,
  'negation and polarity': 70,
  islands: 35,
};

/** One frame of so many is for validation. */
const VALIDATION_SHARE = 5;

/** How often words are drawn for a frame until both sentences are new. */
const TRIES = 20;

/**
 * Writes a pair of sentences for each frame: a sentence whose words are not drawn yet. In the text of a frame, the name of a list and a form
 * stand where a word is drawn from the lexicon.
 * @returns rows of both files, each with its frame
 */
export function sampleRows() {
  const random = mulberry32(SEED);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const rows = { training: [], validation: [] };
  const [frames, sentences] = [new Set(), new Set()];
  for (const [phenomenon, count] of Object.entries(framesOf)) {
    for (let made = 0; made < count;) {
      const nodes = sentence(pick);
      const frame = textOf(nodes, ({ drawn, form }) => `<${drawn.list}.${form}>`);
      const errors = errorsOf(nodes, phenomenon);
      if (errors.length === 0 || frames.has(frame)) continue;
      const pair = newPair(nodes, errors, sentences, pick);
      if (!pair) continue;
      frames.add(frame);
      pair.forEach((one) => sentences.add(one));
      const [acceptable, unacceptable] = pair;
      const part = made % VALIDATION_SHARE === 0 ? rows.validation : rows.training;
      part.push(
        { frame, fields: [phenomenon, 1, '', acceptable] },
        { frame, fields: [phenomenon, 0, '*', unacceptable] },
      );
      made++;
    }
  }
  return { training: shuffled(rows.training, random), validation: shuffled(rows.validation, random) };
}

/** @returns undefined where no words were found that make both sentences new */
function newPair(nodes, errors, sentences, pick) {
  for (let tries = 0; tries < TRIES; tries++) {
    const words = drawnWords(pick);
    const pair = [textOf(nodes, words), textOf(pick(errors), words)];
    if (pair[0] !== pair[1] && !pair.some((one) => sentences.has(one))) return pair;
  }
  return undefined;
}

/**
 * @returns {{ training: string, validation: string }} Two TSV files of four columns, as CoLA has them: the phenomenon, 1 for
 * acceptable or 0, the linguists' mark `*` before what is not, the sentence.
 */
export function sampleData() {
  const { training, validation } = sampleRows();
  const lines = (rows) => rows.map(({ fields }) => `${fields.join('\t')}\n`).join('');
  return { training: lines(training), validation: lines(validation) };
}

/** Every way to make one error of the phenomenon, each as the nodes of a whole sentence. */
function errorsOf(nodes, phenomenon) {
  return nodes.flatMap((node, i) => {
    const instead = (others) => [...nodes.slice(0, i), ...others, ...nodes.slice(i + 1)];
    if (!node.right) return [];
    return [...(node.wrong[phenomenon] ?? []), ...errorsOf(node.right, phenomenon)].map(instead);
  });
}

/** Draws a word for each slot, and the same for slots of one entry. Two entries of a list get two words. */
function drawnWords(pick) {
  const drawnFor = new Map();
  return ({ drawn, form }) => {
    if (!drawnFor.has(drawn)) {
      const taken = [...drawnFor.values()];
      drawnFor.set(drawn, pick(lexicon[drawn.list].filter((one) => !taken.includes(one))));
    }
    return drawnFor.get(drawn)[form];
  };
}

function textOf(nodes, wordOf) {
  const flat = (node) => (node.right ? node.right.flatMap(flat) : node.drawn ? wordOf(node) : node);
  const joined = nodes
    .flatMap(flat)
    .join(' ')
    .replace(/ ([.,?])/g, '$1');
  const written = joined
    .replace(/\{(an?)\} (?=(.))/g, (_, article, next) =>
      (article === 'an') === /[aeiou]/.test(next) ? 'a ' : 'an ',
    )
    // In a wrong place it may be the last word.
    .replace(/\{(an?)\}/g, '$1');
  return written[0].toUpperCase() + written.slice(1);
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
  for (const [name, lines] of Object.entries(sampleData())) {
    writeFileSync(new URL(`sample-${name}.tsv`, import.meta.url), lines);
  }
}
