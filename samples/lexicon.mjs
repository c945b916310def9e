// The words of the sample sentences. Each list holds words that can stand in for each other wherever the grammar draws from it.

/** Entries of one form. */
const words = (text) => text.split(', ').map((word) => ({ word }));

/** Nouns, as "singular" or "singular/plural". All begin with the sound that their first letter suggests, for "a" and "an". */
const nouns = (text) =>
  text.split(', ').map((noun) => {
    const [singular, plural = withS(singular)] = noun.split('/');
    return { singular, plural };
  });

/** Verbs, as "base" where they are regular, else "base/past/participle" and perhaps "/gerund"; "base>word" for what goes with them. */
const verbs = (text) =>
  text.split(', ').map((verb) => {
    const [forms, particle] = verb.split('>');
    const [base, past = withEd(base), participle = past, gerund = withIng(base)] = forms.split('/');
    const third = withS(base);
    // "She put it there" is right, if not in the present.
    return { base, third, past, participle, gerund, particle, notThird: base === past ? third : base };
  });

const withS = (word) => {
  if (/[^aeiou]y$/.test(word)) return word.replace(/y$/, 'ies');
  return word + (/(?:s|x|z|ch|sh|o)$/.test(word) ? 'es' : 's');
};
const withEd = (word) => word.replace(/([^aeiou])y$/, '$1i').replace(/e$/, '') + 'ed';
const withIng = (word) => word.replace(/([^e])e$/, '$1') + 'ing';

/** @type {Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>} */
export const lexicon = {
  people: nouns(
    'teacher, nurse, farmer, pilot, singer, lawyer, neighbour, child/children, cousin, student, baker, guest, doctor, boy, girl, ' +
      'man/men, woman/women, friend, tourist, sister, brother, uncle, artist, actor, engineer, driver, waiter, king, manager, aunt',
  ),
  women: words('Anna, Laura, Julia, Clara, Ruth, Helen, Emma, Alice, Mary, Sarah'),
  men: words('Peter, David, Martin, Simon, Oscar, Paul, Tom, Adam, John, Henry'),
  things: nouns(
    'letter, picture, bottle, lamp, chair, basket, ticket, knife/knives, blanket, map, book, box, key, bag, cup, clock, umbrella, ' +
      'envelope, axe, orange, egg, apple, onion, phone, pen, toy, table, ball, bicycle, camera, watch, computer, ring',
  ),
  animals: nouns('dog, cat, horse, bird, cow, mouse/mice, elephant, owl, rabbit, eagle, tiger, goat'),
  texts: nouns('letter, book, story, poem, newspaper, report, article, essay, message, novel'),
  foods: nouns('apple, orange, egg, sandwich, banana, biscuit, potato, carrot, onion, pear, olive, tomato'),
  clothes: nouns('hat, coat, shirt, scarf/scarves, jacket, dress, apron, overcoat, sweater'),
  events: nouns('lesson, party, meeting, game, concert, wedding, exam, interview, film, dinner'),
  masses: words(
    'furniture, luggage, bread, rice, equipment, sand, music, information, water, milk, money, advice, oil, soup',
  ),
  places: nouns(
    'garden, kitchen, station, village, library, market, harbour, theatre, street, park, office, restaurant, airport, museum, house, ' +
      'shop, bank, island, hotel, bathroom, river, forest',
  ),
  cities: words('Paris, Rome, Madrid, Dublin, Oslo, Vienna, Athens, Berlin'),
  feelings: words('quiet, tired, happy, angry, hungry, busy, late, sad, ill, nervous, afraid, thirsty'),
  characters: words(
    'clever, tall, young, famous, lazy, brave, polite, old, friendly, honest, elegant, rich, kind, important',
  ),
  qualities: words(
    'small, large, old, new, red, green, heavy, expensive, beautiful, ugly, cheap, blue, yellow, dirty, empty, broken',
  ),
  qualifiers: words('very, too, so, really, quite'),

  intransitives: verbs(
    'sleep/slept, laugh, swim/swam/swum/swimming, shiver, sneeze, smile, cough, faint, arrive, cry, fall/fell/fallen, wait, dance, sit/sat/sat/sitting',
  ),
  /** With a thing as their object, which cannot be left out. */
  handling: verbs(
    'take/took/taken, bring/brought, find/found, keep/kept, use, repair, make/made, carry, touch, mention',
  ),
  /** With a thing as their object. */
  trading: verbs(
    'choose/chose/chosen, break/broke/broken, hide/hid/hidden, steal/stole/stolen, buy/bought, sell/sold, lose/lost, borrow, wash, ' +
      'drop/dropped/dropped/dropping, open, clean, move, forget/forgot/forgotten/forgetting',
  ),
  /** With a person as their object, which cannot be left out. */
  greeting: verbs('admire, praise, greet, trust, blame, avoid, thank, surprise, invite'),
  /** With a person as their object. */
  meeting: verbs('meet/met, visit, help, call, follow, watch, remember'),
  /** With any object, and not in progress. */
  knowing: verbs(
    'want, need, like, know/knew/known, see/saw/seen/seeing, love, hate, prefer/preferred/preferred/preferring',
  ),
  eating: verbs('eat/ate/eaten, cook, peel, taste, order, cut/cut/cut/cutting'),
  reading: verbs('read/read, write/wrote/written, print, translate, finish, send/sent'),
  wearing: verbs('wear/wore/worn, buy/bought, wash, iron, lose/lost, find/found'),
  going: verbs('go/went/gone, come/came/come, hurry'),
  living: verbs('live, work, sleep/slept, stay, sit/sat/sat/sitting, play, wait'),
  putting: verbs('put/put/put/putting, place, lay/laid'),
  prepositional: verbs(
    'wait>for, look>at, listen>to, talk>to, think/thought>about, laugh>at, rely>on, smile>at, ask>for, worry>about',
  ),
  giving: verbs('give/gave/given, send/sent, show/showed/shown, lend/lent, sell/sold, offer, bring/brought'),
  explaining: verbs('explain, describe, announce, mention, report'),
  hurting: verbs('hurt/hurt/hurt, blame, wash, introduce, admire, cut/cut/cut/cutting, help, praise, trust'),
  /** With "to" and a verb, never with "-ing". */
  wanting: verbs('want, decide, promise, hope, refuse, agree, plan/planned/planned/planning, learn'),
  /** With "-ing", never with "to" and a verb. */
  enjoying: verbs('enjoy, avoid, finish, deny, suggest, keep/kept'),

  definites: words('the, my, our, her, his, your, their'),
  demonstratives: [
    { singular: 'this', plural: 'these' },
    { singular: 'that', plural: 'those' },
  ],
  distributives: words('every, each'),
  numbers: words('two, three, several, many, four, ten'),
  modals: words('can, must, should, will, might, could, would'),
  frequencies: words('often, always, usually, sometimes, never, rarely'),
  prepositions: words('in, near, behind'),
  thirdPersons: [
    { subject: 'he', object: 'him', reflexive: 'himself', otherReflexive: 'herself' },
    { subject: 'she', object: 'her', reflexive: 'herself', otherReflexive: 'himself' },
  ],
  manyPersons: [
    { subject: 'they', object: 'them', reflexive: 'themselves', otherReflexive: 'ourselves' },
    { subject: 'we', object: 'us', reflexive: 'ourselves', otherReflexive: 'themselves' },
  ],

  habits: words('every day, every week, every morning, on Mondays, at night, every summer'),
  pastTimes: words('yesterday, last week, last night, two days ago, last year, yesterday evening'),
  futureTimes: words('tomorrow, next week, next year, tomorrow morning, next Friday'),
  nowTimes: words('now, at the moment, right now'),
  recentTimes: words('today, this week, this year, recently, several times'),
  reasons: words(
    'because it is late, because the weather is bad, although it is cold, although nobody knows why',
  ),
  openings: words('perhaps, maybe, today, sometimes, of course, in fact'),
  causes: words('why, when, how often'),
};
