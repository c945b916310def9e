// The words of the sample sentences. Each list holds words that can stand in for each other in every frame that draws from it.

/** People, as [singular, plural]. */
export const people = [
  ['teacher', 'teachers'],
  ['nurse', 'nurses'],
  ['farmer', 'farmers'],
  ['pilot', 'pilots'],
  ['singer', 'singers'],
  ['lawyer', 'lawyers'],
  ['neighbour', 'neighbours'],
  ['child', 'children'],
  ['cousin', 'cousins'],
  ['student', 'students'],
  ['baker', 'bakers'],
  ['guest', 'guests'],
].map(([singular, plural]) => ({ singular, plural }));

/** Names. "Herself" goes with the first ones, "himself" with the others. */
export const women = ['Anna', 'Laura', 'Julia', 'Clara', 'Ruth', 'Helen'];
export const men = ['Peter', 'David', 'Martin', 'Simon', 'Oscar', 'Paul'];

/** Things that can be counted. All begin with a consonant sound. */
export const things = [
  ['letter', 'letters'],
  ['picture', 'pictures'],
  ['bottle', 'bottles'],
  ['lamp', 'lamps'],
  ['chair', 'chairs'],
  ['basket', 'baskets'],
  ['ticket', 'tickets'],
  ['knife', 'knives'],
  ['blanket', 'blankets'],
  ['map', 'maps'],
].map(([singular, plural]) => ({ singular, plural }));

/** Things whose name begins with a vowel sound. */
export const vowelThings = ['apple', 'orange', 'egg', 'umbrella', 'envelope', 'onion', 'engine', 'axe'];

/** What has no plural and takes no "a". */
export const masses = [
  'furniture',
  'luggage',
  'bread',
  'rice',
  'equipment',
  'sand',
  'electricity',
  'information',
];

export const places = ['garden', 'kitchen', 'station', 'village', 'library', 'market', 'harbour', 'theatre'];

export const adjectives = ['quiet', 'clever', 'tall', 'young', 'famous', 'lazy', 'brave', 'polite'];

export const sizes = ['small', 'large', 'old', 'new', 'huge', 'tiny'];
export const colours = ['red', 'green', 'blue', 'yellow', 'brown', 'white'];

/** Verbs without an object. */
export const intransitives = [
  ['sleep', 'sleeps', 'slept', 'slept', 'sleeping'],
  ['laugh', 'laughs', 'laughed', 'laughed', 'laughing'],
  ['swim', 'swims', 'swam', 'swum', 'swimming'],
  ['shiver', 'shivers', 'shivered', 'shivered', 'shivering'],
  ['sneeze', 'sneezes', 'sneezed', 'sneezed', 'sneezing'],
  ['smile', 'smiles', 'smiled', 'smiled', 'smiling'],
  ['cough', 'coughs', 'coughed', 'coughed', 'coughing'],
  ['faint', 'faints', 'fainted', 'fainted', 'fainting'],
].map(verb);

/** Verbs whose object is a person, and cannot be left out. */
export const personVerbs = [
  ['admire', 'admires', 'admired', 'admired', 'admiring'],
  ['praise', 'praises', 'praised', 'praised', 'praising'],
  ['greet', 'greets', 'greeted', 'greeted', 'greeting'],
  ['trust', 'trusts', 'trusted', 'trusted', 'trusting'],
  ['blame', 'blames', 'blamed', 'blamed', 'blaming'],
  ['avoid', 'avoids', 'avoided', 'avoided', 'avoiding'],
  ['thank', 'thanks', 'thanked', 'thanked', 'thanking'],
].map(verb);

/** Verbs whose object is a thing, and cannot be left out. */
export const thingVerbs = [
  ['take', 'takes', 'took', 'taken', 'taking'],
  ['bring', 'brings', 'brought', 'brought', 'bringing'],
  ['choose', 'chooses', 'chose', 'chosen', 'choosing'],
  ['break', 'breaks', 'broke', 'broken', 'breaking'],
  ['find', 'finds', 'found', 'found', 'finding'],
  ['hide', 'hides', 'hid', 'hidden', 'hiding'],
  ['steal', 'steals', 'stole', 'stolen', 'stealing'],
].map(verb);

/** Verbs that take two objects, or one and "to". */
export const givingVerbs = [
  ['give', 'gives', 'gave', 'given', 'giving'],
  ['send', 'sends', 'sent', 'sent', 'sending'],
  ['show', 'shows', 'showed', 'shown', 'showing'],
  ['lend', 'lends', 'lent', 'lent', 'lending'],
  ['sell', 'sells', 'sold', 'sold', 'selling'],
].map(verb);

/** Verbs that take one object and "to", but not two objects. */
export const explainingVerbs = ['explained', 'described', 'announced', 'mentioned', 'reported'];

/** What is said of with those verbs. */
export const topics = ['plan', 'problem', 'rule', 'result', 'story', 'accident'];

/** Verbs of saying and thinking that take a clause. */
export const clauseVerbs = ['said', 'believed', 'thought', 'knew', 'hoped', 'claimed'];

/** Verbs that take "to" and an infinitive, and no "-ing". */
export const infinitiveVerbs = ['wanted', 'decided', 'promised', 'hoped', 'refused', 'agreed'];

/** Verbs that take "-ing", and no infinitive. */
export const gerundVerbs = ['enjoyed', 'avoided', 'finished', 'denied', 'suggested'];

function verb([base, third, past, participle, gerund]) {
  return { base, third, past, participle, gerund };
}
