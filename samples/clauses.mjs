// Sentences, composed of the parts of grammar.mjs. Each function draws one way to build its kind of sentence.
import { complementFor } from './complements.mjs';
import {
  anyName,
  entry,
  name,
  object,
  part,
  place,
  plural,
  singular,
  slot,
  subject,
  word,
} from './grammar.mjs';
import { be, doForm, finite, have, negated, presentVerb, tenses, time, verbPhrase } from './verb-phrases.mjs';

/** A statement about somebody who does something. */
function statement(pick) {
  const who = subject(pick);
  const complement = complementFor(pick, who);
  const kind = pick([
    ...Object.keys(tenses).filter((one) => !complement.isState || !one.endsWith('rogressive')),
    'negated',
    'negated',
  ]);
  const where = complement.hasPlace || complement.isState ? [] : pick([[], [], [place()]]);
  if (kind === 'negated') return [who.node, ...negated(pick, complement, who.person), ...where];
  const phrase = verbPhrase(pick, kind, complement, who.person);
  return [who.node, ...phrase, ...pick([where, where, time(pick, kind, who.person)])];
}

/** What somebody or something is. */
function description(pick) {
  const isThing = pick([true, false]);
  const isMany = pick([true, false]);
  const who = isThing
    ? {
        node: isMany
          ? plural(pick, 'things', ['definite', 'demonstrative', 'numbered'])
          : singular(pick, 'things', ['definite', 'demonstrative']),
        person: isMany ? 'many' : 'third',
      }
    : subject(pick);
  const verb = finite(be[pick(['present', 'past'])][who.person]);
  const very = word('qualifiers');
  const quality = word(isThing ? 'qualities' : pick(['feelings', 'characters']));
  const what = pick([
    () => [quality],
    () => [part([very, quality], { 'word order': [[quality, very]] })],
    () => [place()],
  ])();
  return [who.node, part([verb, ...what], { 'verb forms': [what], 'word order': [[...what, verb]] })];
}

const existence = (pick) => {
  const isMany = pick([true, false]);
  const what = isMany
    ? plural(pick, 'things', ['numbered', 'numberedDescribed'])
    : singular(pick, 'things', ['indefinite', 'described']);
  const verb = finite(be[pick(['present', 'past'])][isMany ? 'many' : 'third'].slice(0, 2));
  return [part(['there', verb], { 'verb forms': [['there']] }), what, place()];
};

function passive(pick) {
  const isMany = pick([true, false]);
  const what = isMany
    ? plural(pick, 'things', ['definite', 'numbered'])
    : singular(pick, 'things', ['definite', 'indefinite']);
  const [verb, whom] = [entry('handling'), singular(pick, 'people', ['definite', 'indefinite'])];
  const was = finite(be.past[isMany ? 'many' : 'third']);
  return [
    what,
    part([was, slot(verb, 'participle')], {
      'verb forms': ['base', 'third', 'gerund', 'past'].map((form) => [was, slot(verb, form)]),
      'word order': [[slot(verb, 'participle'), was]],
    }),
    part(['by', whom], { 'word order': [[whom, 'by']], 'argument structure': [[whom]] }),
  ];
}

const request = (pick) => {
  const { verb, phrase } = complementFor(pick, {}, ({ isState }) => !isState);
  const v = (form) => phrase(slot(verb, form), 'base');
  return [
    'please',
    part(v('base'), { 'verb forms': [v('third'), v('past'), v('gerund')] }),
    ...pick([[], [word('futureTimes')]]),
  ];
};

/** A question; its nodes end with "?". */
function question(pick) {
  const who = subject(pick);
  const kind = pick(['do', 'did', 'did', 'modal', 'be', 'has']);
  const { verb, phrase, hasPlace } = complementFor(pick, who, ({ isState }) => kind !== 'be' || !isState);
  const cause = kind === 'has' ? 'why' : hasPlace ? word('causes') : pick([word('causes'), 'where']);
  const why = pick([[], [cause], [cause]]);
  const [aux, form, wrong] = {
    do: () => [doForm(who.person), 'base', ['third', 'past', 'gerund']],
    did: () => ['did', 'base', ['third', 'past', 'gerund']],
    modal: () => [word('modals'), 'base', ['third', 'past', 'gerund']],
    be: () => [finite(be[pick(['present', 'past'])][who.person]), 'gerund', ['base', 'third', 'past']],
    has: () => [have(who.person), 'participle', ['base', 'third', 'gerund', 'past']],
  }[kind]();
  const v = (one) => phrase(slot(verb, one), form);
  const lexical = part(v(form), { 'verb forms': wrong.map(v) });
  // "You did go?" may be said; "Why you did go?" may not.
  return [
    ...why,
    part([aux, who.node, lexical], {
      'word order': [...(why.length > 0 ? [[who.node, aux, lexical]] : []), [aux, lexical, who.node]],
    }),
    '?',
  ];
}

/** Questions about something within a clause: "What did Anna say that the nurse took?" */
function extraction(pick) {
  const [asker, verb, what] = [
    anyName(pick),
    entry('handling'),
    singular(pick, 'things', ['definite', 'demonstrative']),
  ];
  const taker = subject(pick, ({ person }) => person !== 'I').node;
  const took = slot(verb, 'past');
  const into = {
    claim: ['hear the rumour that', taker, took],
    because: ['laugh because', taker, took],
    relative: ['know the', slot(entry('people'), 'singular'), 'who', took],
    whether: ['ask who', took],
    after: ['leave after', taker, took],
  };
  const island = into[pick(Object.keys(into))];
  const through = [pick(['say', 'think', 'claim', 'believe']), ...pick([['that'], []]), taker, took];
  return pick([
    () => ['what did', asker, part(through, { islands: [island] }), '?'],
    () => [part(['did', asker, ...island, what], { islands: [['what did', asker, ...island]] }), '?'],
    () => [
      part(['what did', asker, slot(verb, 'base'), 'besides', what], {
        islands: [['what did', asker, slot(verb, 'base'), what, 'and']],
      }),
      '?',
    ],
    () => {
      const thing = slot(entry('things'), 'singular');
      const whose = pick(['whose', 'which']);
      const rest = pick([[], [place()]]);
      return [
        part([whose, thing, 'did', taker, slot(verb, 'base'), ...rest], {
          islands: [[whose, 'did', taker, slot(verb, 'base'), thing, ...rest]],
        }),
        '?',
      ];
    },
  ])();
}

/** "Any", "ever", "yet", "at all": only where something is denied or asked. */
function polarity(pick) {
  const who = subject(pick);
  const [verb, things] = [entry('handling'), slot(entry('things'), 'plural')];
  const has = have(who.person);
  const done = slot(verb, 'participle');
  const topic = 'negation and polarity';
  return pick([
    () => [who.node, has, part(['not', done, 'any', things], { [topic]: [[done, 'any', things]] })],
    () => [who.node, has, part([done, 'some', things], { [topic]: [[done, 'any', things]] })],
    () => [
      part(['nobody'], { [topic]: [['somebody'], ['everybody']] }),
      part(['has ever', done], { 'word order': [['ever', 'has', done]] }),
      object(pick, 'things'),
    ],
    () => [
      who.node,
      has,
      part(['not', done], { [topic]: [[done]] }),
      object(pick, 'things'),
      pick(['yet', 'at all']),
    ],
    () => [
      who.node,
      part(['never'], { [topic]: [['always'], ['often']] }),
      presentVerb(verb, who.person),
      'any',
      things,
    ],
    () => [
      part(['no'], { [topic]: [['some'], ['the']] }),
      slot(entry('people'), 'singular'),
      'has ever',
      done,
      object(pick, 'things'),
    ],
    () => [
      part(['few'], { [topic]: [['most'], ['many']] }),
      slot(entry('people'), 'plural'),
      'have',
      done,
      'any',
      things,
    ],
    () => ['somebody has', part(['already', done], { [topic]: [['ever', done]] }), object(pick, 'things')],
  ])();
}

const kinds = { statement, description, existence, passive, request, question, extraction, polarity };

/** What stands before and behind a statement. */
function inContext(pick, clause) {
  const before = pick([
    [],
    [],
    [],
    [],
    [],
    [],
    [],
    [word('openings')],
    ['I think that'],
    [name('women'), 'said that'],
    ['it is clear that'],
  ]);
  const after = pick([[], [], [], [], [], [], [word('reasons')]]);
  return [...before, ...clause, ...after, '.'];
}

/** @returns the nodes of a sentence whose structure is drawn, and its words not yet */
export function sentence(pick) {
  const kind = pick(['statement', 'statement', 'statement', 'question', ...Object.keys(kinds)]);
  const clause = kinds[kind](pick);
  if (clause.at(-1) === '?') return clause;
  return kind === 'request' ? [...clause, '.'] : inContext(pick, clause);
}
