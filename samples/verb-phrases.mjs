// Verbs with their auxiliaries, in every tense, and the times that go with them.
import { part, slot, word } from './grammar.mjs';

/** What follows an auxiliary or stands as the finite verb: the forms of one verb, of which `form` is right. */
function verbForm(verb, form, wrongForms) {
  return part([slot(verb, form)], { 'verb forms': wrongForms.map((wrong) => [slot(verb, wrong)]) });
}

export const be = {
  present: { third: ['is', 'are', 'am'], many: ['are', 'is', 'am'], I: ['am', 'is', 'are'] },
  past: { third: ['was', 'were'], many: ['were', 'was'], I: ['was', 'were'] },
};
export const finite = ([right, ...wrong]) => part([right], { agreement: wrong.map((one) => [one]) });
const isThird = (person) => person === 'third';
export const have = (person) => finite(isThird(person) ? ['has', 'have'] : ['have', 'has']);
export const doForm = (person) => finite(isThird(person) ? ['does', 'do'] : ['do', 'does']);

/** The verb of a present clause. */
export function presentVerb(verb, person) {
  const [right, wrong] = isThird(person) ? ['third', 'notThird'] : ['base', 'third'];
  return part([slot(verb, right)], {
    agreement: [[slot(verb, wrong)]],
    'verb forms': [[slot(verb, 'gerund')]],
  });
}

const afterAuxiliary = ['third', 'past', 'gerund'];

/** Tenses with their auxiliary: what stands before the verb phrase, which form the verb has, and which times go and do not go with them. */
export const tenses = {
  present: { form: (person) => (isThird(person) ? 'third' : 'base'), times: ['habits', 'pastTimes'] },
  past: { form: () => 'past', times: ['pastTimes', 'futureTimes'] },
  progressive: {
    auxiliary: (person) => finite(be.present[person]),
    form: () => 'gerund',
    wrong: ['base', 'third', 'past'],
    times: ['nowTimes', 'pastTimes'],
  },
  pastProgressive: {
    auxiliary: (person) => finite(be.past[person]),
    form: () => 'gerund',
    wrong: ['base', 'third', 'past'],
    times: ['pastTimes', 'futureTimes'],
  },
  perfect: {
    auxiliary: have,
    form: () => 'participle',
    wrong: ['base', 'third', 'gerund', 'past'],
    times: ['recentTimes', 'pastTimes'],
  },
  modal: { auxiliary: () => word('modals'), form: () => 'base', wrong: afterAuxiliary, to: true },
  future: {
    auxiliary: () => 'will',
    form: () => 'base',
    wrong: afterAuxiliary,
    to: true,
    times: ['futureTimes', 'pastTimes'],
  },
};

/** The tense `kind` of a verb phrase, as nodes. */
export function verbPhrase(pick, kind, { verb, phrase, takesAdverb }, person) {
  const { auxiliary, form, wrong } = tenses[kind];
  const right = form(person);
  if (!auxiliary) {
    const v = kind === 'present' ? presentVerb(verb, person) : verbForm(verb, 'past', ['gerund']);
    const rest = phrase(v, right);
    if (!takesAdverb || pick([true, true, false])) return rest;
    const often = word('frequencies');
    const [first, ...others] = rest[0].right;
    return [part([often, ...rest], { 'word order': [[first, often, ...others]] })];
  }
  const aux = auxiliary(person);
  const base = slot(verb, right);
  const others = wrong.map((one) => phrase(slot(verb, one), right));
  if (tenses[kind].to) others.push(['to', ...phrase(base, right)]);
  // Of the verb phrase with another form nothing else is wrong.
  const lexical = part(phrase(base, right), { 'verb forms': others });
  const whole = part([aux, lexical], { 'verb forms': kind.endsWith('rogressive') ? [[lexical]] : [] });
  return [part([whole], { 'word order': [[base, aux, ...tail(lexical, base)]] })];
}

/** The nodes of a verb phrase behind its verb. */
function tail(lexical, verb) {
  const [first, ...rest] = lexical.right;
  return first === verb ? rest : [...first.right.slice(1), ...rest];
}

const negations = { third: ['does', 'do'], many: ['do', 'does'], I: ['do', 'does'] };

export function negated(pick, { verb, phrase }, person) {
  const isPast = pick([true, false]);
  const isShort = pick([true, false]);
  const [right, wrong] = negations[person].map((one) => (isShort ? [`${one}n't`] : [one, 'not']));
  const not = isPast
    ? [isShort ? "didn't" : 'did', ...(isShort ? [] : ['not'])]
    : [part(right, { agreement: [wrong] })];
  const v = (form) => phrase(slot(verb, form), 'base');
  const finiteForm = isPast ? 'past' : isThird(person) ? 'third' : 'base';
  return [
    part(
      [
        part(not, isShort ? {} : { 'word order': [['not', isPast ? 'did' : right[0]]] }),
        part(v('base'), { 'verb forms': [v('third'), v('past'), v('gerund')] }),
      ],
      {
        'negation and polarity': [
          ['not', ...v(finiteForm)],
          ['no', ...v('base')],
          [...v(finiteForm), 'not'],
        ],
      },
    ),
  ];
}

/** Perhaps a time that goes with the tense. */
export function time(pick, kind, person) {
  const { times } = tenses[kind];
  if (!times) return [];
  // "They put it there yesterday" is right: of some verbs the present and the past are the same.
  const isClear = kind !== 'present' || isThird(person);
  return [part([word(times[0])], isClear ? { tense: [[word(times[1])]] } : {})];
}
