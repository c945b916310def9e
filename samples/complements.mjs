// What verbs take.
import {
  anyName,
  entry,
  masses,
  object,
  objectPronoun,
  part,
  place,
  singular,
  slot,
  word,
} from './grammar.mjs';

/**
 * What verbs take. Each gives the verb phrase for one form of its verb: `{ verb }`, an entry, and `phrase(v)`, where `v` is that form as a node.
 */
const complements = {
  handling: (pick) => transitive('handling', object(pick, 'things')),
  trading: (pick) => transitive('trading', object(pick, 'things')),
  meeting: (pick) => transitive(pick(['meeting', 'greeting']), object(pick, 'people')),
  meetingName: (pick) => transitive(pick(['meeting', 'greeting']), pick([anyName, objectPronoun])(pick)),
  knowing: (pick) => ({
    ...transitive('knowing', object(pick, pick(['things', 'people', 'animals', 'foods']))),
    isState: true,
  }),
  knowingPronoun: (pick) => ({ ...transitive('knowing', objectPronoun(pick)), isState: true }),
  animals: (pick) => transitive('meeting', object(pick, 'animals')),
  eating: (pick) => transitive('eating', object(pick, 'foods')),
  reading: (pick) => transitive('reading', object(pick, 'texts')),
  wearing: (pick) => transitive('wearing', object(pick, 'clothes')),
  stuff: (pick) =>
    transitive(pick(['handling', 'trading']), masses[pick(Object.keys(masses))](word('masses'))),
  intransitive(pick) {
    const [verb, thing] = [entry('intransitives'), singular(pick, 'things', ['definite', 'indefinite'])];
    return { verb, phrase: (v) => [part([v], { 'argument structure': [[v, thing]] })] };
  },
  inPlace: () => ({ hasPlace: true, verb: entry('living'), phrase: (v) => [v, place()] }),
  going(pick) {
    const where = pick([() => singular(pick, 'places', ['definite']), () => word('cities')])();
    return {
      hasPlace: true,
      verb: entry('going'),
      phrase: (v) => [
        part([v, 'to', where], {
          'argument structure': [[v, where]],
          'word order': [
            [v, where, 'to'],
            ['to', where, v],
          ],
        }),
      ],
    };
  },
  prepositional(pick) {
    const [verb, whom] = [
      entry('prepositional'),
      pick([anyName, objectPronoun, (p) => singular(p, 'people', ['definite', 'demonstrative'])])(pick),
    ];
    const of = slot(verb, 'particle');
    return {
      verb,
      phrase: (v) => [
        part([v, of, whom], {
          'argument structure': [[v, whom]],
          'word order': [
            [v, whom, of],
            [of, v, whom],
          ],
        }),
      ],
    };
  },
  putting(pick) {
    const [what, where] = [singular(pick, 'things', ['definite', 'indefinite']), place()];
    return {
      hasPlace: true,
      verb: entry('putting'),
      phrase: (v) => [
        part([v, what, where], {
          'argument structure': [
            [v, where],
            [v, what],
          ],
          'word order': [
            [where, what, v],
            [what, where, v],
          ],
        }),
      ],
    };
  },
  giving(pick) {
    const [verb, whom, what] = [
      entry('giving'),
      anyName(pick),
      singular(pick, 'things', ['definite', 'indefinite', 'described']),
    ];
    const isDouble = pick([true, false]);
    return {
      verb,
      phrase: (v) =>
        isDouble
          ? [
              part([v, whom, what], {
                'word order': [
                  [whom, v, what],
                  [v, what, whom],
                ],
              }),
            ]
          : [
              part([v, what, 'to', whom], {
                'argument structure': [[v, what, whom]],
                'word order': [
                  [v, what, whom, 'to'],
                  [what, 'to', whom, v],
                ],
              }),
            ],
    };
  },
  explaining(pick) {
    const [what, whom] = [
      singular(pick, 'events', ['definite', 'demonstrative']),
      pick([anyName, objectPronoun])(pick),
    ];
    return {
      verb: entry('explaining'),
      phrase: (v) => [
        part([v, what, 'to', whom], {
          'argument structure': [
            [v, whom, what],
            [v, what, whom],
          ],
          'word order': [[v, what, whom, 'to']],
        }),
      ],
    };
  },
  hurting: (pick, { reflexive }) => reflexive && { verb: entry('hurting'), phrase: (v) => [v, reflexive] },
  talkingToSelf: (pick, { reflexive }) => {
    const verb = entry('prepositional');
    return reflexive && { verb, phrase: (v) => [v, slot(verb, 'particle'), reflexive] };
  },
  wanting(pick) {
    const [other, what] = [entry('handling'), object(pick, 'things')];
    const form = (one) => [slot(other, one), what];
    return {
      verb: entry('wanting'),
      phrase: (v) => [
        v,
        part(['to', part(form('base'), { 'verb forms': [form('past'), form('third')] })], {
          'argument structure': [form('gerund'), form('base')],
        }),
      ],
    };
  },
  enjoying(pick) {
    const [list, whatList] = pick([
      ['reading', 'texts'],
      ['eating', 'foods'],
      ['wearing', 'clothes'],
    ]);
    const [other, what] = [entry(list), object(pick, whatList)];
    return {
      verb: entry('enjoying'),
      phrase: (v) => [
        v,
        part([slot(other, 'gerund'), what], {
          'argument structure': [
            ['to', slot(other, 'base'), what],
            [slot(other, 'base'), what],
          ],
        }),
      ],
    };
  },
};

function transitive(list, what) {
  const verb = entry(list);
  const intransitive = entry('intransitives');
  return {
    verb,
    phrase: (v, form) => [
      part([v, what], {
        'word order': [[what, v]],
        'argument structure': [
          ...(list === 'handling' || list === 'greeting' ? [[v]] : []),
          [slot(intransitive, form), what],
        ],
      }),
    ],
    takesAdverb: true,
  };
}

export function complementFor(pick, who, suits = () => true) {
  for (;;) {
    const complement = complements[pick(Object.keys(complements))](pick, who);
    if (complement && suits(complement)) return complement;
  }
}
