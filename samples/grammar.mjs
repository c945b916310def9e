// What a sentence is composed of. A node is a string, a slot for a word of the lexicon, or a part: nodes that are right, and what may stand
// there instead that is wrong, by phenomenon. "{a}" is written "a" or "an" as the next word wants it, "{an}" as it does not.

/** An entry of a list, to be drawn later: slots that share it show forms of one word. */
export const entry = (list) => ({ list });
export const slot = (drawn, form = 'word') => ({ drawn, form });
/** A word whose forms are not needed elsewhere. */
export const word = (list) => slot(entry(list));

/** @param {Record<string, any[][]>} wrong alternatives to `right`, each a list of nodes */
export const part = (right, wrong = {}) => ({ right, wrong });

/** A noun with what stands before it. Each of these takes a list of nouns. */
const singulars = {
  definite(noun) {
    const the = word('definites');
    return part([the, slot(noun, 'singular')], {
      'word order': [[slot(noun, 'singular'), the]],
      articles: [[slot(noun, 'singular')], ['{a}', the, slot(noun, 'singular')]],
    });
  },
  indefinite: (noun) =>
    part(['{a}', slot(noun, 'singular')], {
      'word order': [[slot(noun, 'singular'), '{a}']],
      articles: [[slot(noun, 'singular')], ['{an}', slot(noun, 'singular')], ['{a}', slot(noun, 'plural')]],
    }),
  described(noun, { qualities }) {
    const quality = word(qualities);
    return part(['{a}', quality, slot(noun, 'singular')], {
      'word order': [
        ['{a}', slot(noun, 'singular'), quality],
        [quality, '{a}', slot(noun, 'singular')],
      ],
      articles: [
        [quality, slot(noun, 'singular')],
        ['{an}', quality, slot(noun, 'singular')],
        ['{a}', quality, slot(noun, 'plural')],
      ],
    });
  },
  describedDefinite(noun, { qualities }) {
    const [the, quality] = [word('definites'), word(qualities)];
    return part([the, quality, slot(noun, 'singular')], {
      'word order': [
        [the, slot(noun, 'singular'), quality],
        [quality, the, slot(noun, 'singular')],
      ],
      articles: [[quality, slot(noun, 'singular')]],
    });
  },
  demonstrative(noun) {
    const this_ = entry('demonstratives');
    return part([slot(this_, 'singular'), slot(noun, 'singular')], {
      articles: [
        [slot(this_, 'plural'), slot(noun, 'singular')],
        [slot(this_, 'singular'), slot(noun, 'plural')],
      ],
    });
  },
  distributive(noun) {
    const every = word('distributives');
    return part([every, slot(noun, 'singular')], { articles: [[every, slot(noun, 'plural')]] });
  },
};
const plurals = {
  definite(noun) {
    const the = word('definites');
    return part([the, slot(noun, 'plural')], { 'word order': [[slot(noun, 'plural'), the]] });
  },
  bare: (noun) => part([slot(noun, 'plural')], { articles: [['{a}', slot(noun, 'plural')]] }),
  described(noun, { qualities }) {
    const quality = word(qualities);
    return part([quality, slot(noun, 'plural')], {
      'word order': [[slot(noun, 'plural'), quality]],
      articles: [['{a}', quality, slot(noun, 'plural')]],
    });
  },
  demonstrative(noun) {
    const these = entry('demonstratives');
    return part([slot(these, 'plural'), slot(noun, 'plural')], {
      articles: [
        [slot(these, 'singular'), slot(noun, 'plural')],
        [slot(these, 'plural'), slot(noun, 'singular')],
      ],
    });
  },
  numbered(noun) {
    const two = word('numbers');
    return part([two, slot(noun, 'plural')], {
      'word order': [[slot(noun, 'plural'), two]],
      articles: [
        [two, slot(noun, 'singular')],
        ['{a}', two, slot(noun, 'plural')],
      ],
    });
  },
  numberedDescribed(noun, { qualities }) {
    const [two, quality] = [word('numbers'), word(qualities)];
    return part([two, quality, slot(noun, 'plural')], {
      'word order': [
        [two, slot(noun, 'plural'), quality],
        [quality, two, slot(noun, 'plural')],
      ],
      articles: [[two, quality, slot(noun, 'singular')]],
    });
  },
};
export const masses = {
  some: (mass) =>
    part(['some', mass], {
      articles: [
        ['{a}', mass],
        ['many', mass],
      ],
    }),
  bare: (mass) => part([mass], { articles: [['{a}', mass]] }),
  much: (mass) => part(['so much', mass], { articles: [['so many', mass]] }),
};

const adjectivesOf = (list) => ({
  qualities: list === 'people' || list === 'animals' ? 'characters' : 'qualities',
});

export function singular(pick, list, kinds = Object.keys(singulars)) {
  return singulars[pick(kinds)](entry(list), adjectivesOf(list));
}
export function plural(pick, list, kinds = Object.keys(plurals)) {
  return plurals[pick(kinds)](entry(list), adjectivesOf(list));
}
export function object(pick, list) {
  return pick([singular, singular, plural])(pick, list);
}

/** A name; "the" does not go with it. */
export function name(list) {
  const who = word(list);
  return part([who], { articles: [['the', who]] });
}
export const anyName = (pick) => name(pick(['women', 'men']));

/** Within a place, or near it. */
export function place() {
  const [preposition, the, where] = [
    word('prepositions'),
    word('definites'),
    slot(entry('places'), 'singular'),
  ];
  return part([preposition, the, where], {
    'word order': [
      [the, preposition, where],
      [preposition, where, the],
      [the, where, preposition],
    ],
    articles: [[preposition, where]],
  });
}

/**
 * Whom or what a clause is about: `node` as its subject, `person` for its verb ("third", "many" or "I"), `reflexive` for "himself" and its like,
 * each with what is wrong in its place.
 */
const subjects = {
  noun: (pick) =>
    third(
      singular(pick, 'people', ['definite', 'definite', 'described', 'describedDefinite', 'demonstrative']),
    ),
  distributive: (pick) => third(singular(pick, 'people', ['distributive'])),
  nouns: (pick) => many(plural(pick, 'people')),
  woman: () => third(name('women'), 'herself', ['himself', 'themselves', 'myself']),
  man: () => third(name('men'), 'himself', ['herself', 'themselves', 'ourselves']),
  pronoun: () => pronoun(entry('thirdPersons'), 'third', ['themselves', 'myself']),
  pronouns: () => pronoun(entry('manyPersons'), 'many', ['himself', 'herself', 'myself']),
  I: () => ({
    node: part(['I'], { pronouns: [['me']] }),
    person: 'I',
    reflexive: reflexive('myself', ['himself', 'ourselves', 'themselves']),
  }),
  you: () => ({
    node: part(['you'], { pronouns: [['your']] }),
    person: 'many',
    reflexive: reflexive('yourself', ['myself', 'himself', 'herself']),
  }),
  two: () => many(part([word('women'), 'and', word('men')])),
  together: (pick) => many(part([word('men'), 'and', singular(pick, 'people', ['definite'])])),
  // A noun of the other number stands nearer to the verb.
  fromThere: (pick) =>
    many(part([plural(pick, 'people', ['definite']), 'from', singular(pick, 'places', ['definite'])])),
  beside: (pick) =>
    third(
      part([
        singular(pick, 'people', ['definite']),
        'with',
        plural(pick, 'things', ['definite', 'numbered']),
      ]),
    ),
};

const reflexive = (right, wrong) => part([right], { reflexives: wrong.map((one) => [one]) });
const third = (node, self, wrong) => ({
  node,
  person: 'third',
  reflexive: self && reflexive(self, wrong),
});
const many = (node) => ({
  node,
  person: 'many',
  reflexive: reflexive('themselves', ['himself', 'herself', 'itself', 'ourselves']),
});
const pronoun = (who, person, wrong) => ({
  node: part([slot(who, 'subject')], { pronouns: [[slot(who, 'object')]] }),
  person,
  reflexive: part([slot(who, 'reflexive')], {
    reflexives: [[slot(who, 'otherReflexive')], ...wrong.map((one) => [one])],
  }),
});

/** @param {(subject: object) => boolean} [suits] */
export function subject(pick, suits = () => true) {
  for (;;) {
    const one = subjects[pick(Object.keys(subjects))](pick);
    if (suits(one)) return one;
  }
}

/** Him, her, them or us, as an object. */
export function objectPronoun(pick) {
  const who = entry(pick(['thirdPersons', 'manyPersons']));
  return part([slot(who, 'object')], { pronouns: [[slot(who, 'subject')]] });
}
