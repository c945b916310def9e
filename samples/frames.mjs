// The frames of the sample sentences. A frame turns drawn words into a minimal pair: an acceptable sentence, and one that differs from it
// in one place and is not acceptable. The key says what is wrong with the second one.
import {
  adjectives,
  clauseVerbs,
  colours,
  explainingVerbs,
  gerundVerbs,
  givingVerbs,
  infinitiveVerbs,
  intransitives,
  masses,
  men,
  people,
  personVerbs,
  places,
  sizes,
  things,
  thingVerbs,
  topics,
  vowelThings,
  women,
} from './lexicon.mjs';

/**
 * @typedef {object} Frame
 * @property {readonly (readonly any[])[]} lists One word is drawn from each.
 * @property {(...words: any[]) => [acceptable: string, unacceptable: string]} write
 */

/** @returns {Frame} */
const frame = (lists, write) => ({ lists, write });

/** Ten frames of each phenomenon. The last two are for validation alone. @type {Readonly<Record<string, readonly Frame[]>>} */
export const frames = {
  agreement: [
    frame([people, intransitives], (who, verb) => [
      `The ${who.plural} ${verb.base} every day.`,
      `The ${who.plural} ${verb.third} every day.`,
    ]),
    frame([women, intransitives], (who, verb) => [
      `${who} hardly ever ${verb.third}.`,
      `${who} hardly ever ${verb.base}.`,
    ]),
    frame([people, places], (who, place) => [
      `The ${who.plural} from the ${place} are tired.`,
      `The ${who.plural} from the ${place} is tired.`,
    ]),
    frame([people, people], (who, others) => [
      `The ${who.singular} behind the ${others.plural} was lost.`,
      `The ${who.singular} behind the ${others.plural} were lost.`,
    ]),
    frame([things, places], (thing, place) => [
      `There are two ${thing.plural} in the ${place}.`,
      `There is two ${thing.plural} in the ${place}.`,
    ]),
    frame([people, thingVerbs, things], (who, verb, thing) => [
      `Every ${who.singular} ${verb.third} a ${thing.singular} sometimes.`,
      `Every ${who.singular} ${verb.base} a ${thing.singular} sometimes.`,
    ]),
    frame([people, adjectives], (who, adjective) => [
      `The ${who.plural} who live here seem ${adjective}.`,
      `The ${who.plural} who live here seems ${adjective}.`,
    ]),
    frame([women, men, places], (one, other, place) => [
      `${one} and ${other} were in the ${place}.`,
      `${one} and ${other} was in the ${place}.`,
    ]),
    frame([things, colours], (thing, colour) => [
      `Those ${colour} ${thing.plural} have been sold.`,
      `Those ${colour} ${thing.plural} has been sold.`,
    ]),
    frame([people, things], (who, thing) => [
      `My ${who.singular} keeps a ${thing.singular} in the cellar.`,
      `My ${who.singular} keep a ${thing.singular} in the cellar.`,
    ]),
  ],

  'word order': [
    frame([people, thingVerbs, things], (who, verb, thing) => [
      `The ${who.singular} ${verb.past} the ${thing.singular}.`,
      `The ${who.singular} the ${thing.singular} ${verb.past}.`,
    ]),
    frame([people, intransitives, places], (who, verb, place) => [
      `The ${who.plural} ${verb.past} in the ${place}.`,
      `The ${who.plural} ${verb.past} the in ${place}.`,
    ]),
    frame([thingVerbs, sizes, colours, things], (verb, size, colour, thing) => [
      `She ${verb.past} the ${size} ${colour} ${thing.singular}.`,
      `She ${verb.past} ${size} the ${colour} ${thing.singular}.`,
    ]),
    frame([adjectives, people, intransitives], (adjective, who, verb) => [
      `A very ${adjective} ${who.singular} ${verb.past}.`,
      `A ${who.singular} very ${adjective} ${verb.past}.`,
    ]),
    frame([people, thingVerbs, things], (who, verb, thing) => [
      `Our ${who.plural} can ${verb.base} the ${thing.singular}.`,
      `Our ${who.plural} ${verb.base} can the ${thing.singular}.`,
    ]),
    frame([women, things, places], (who, thing, place) => [
      `${who} put the ${thing.singular} in the ${place}.`,
      `${who} in the ${place} the ${thing.singular} put.`,
    ]),
    frame([thingVerbs, things], (verb, thing) => [
      `When did you ${verb.base} the ${thing.singular}?`,
      `When you did ${verb.base} the ${thing.singular}?`,
    ]),
    frame([men, personVerbs, women], (one, verb, other) => [
      `${one} has always ${verb.participle} ${other}.`,
      `${one} always ${verb.participle} has ${other}.`,
    ]),
    frame([people, adjectives], (who, adjective) => [
      `Why is the ${who.singular} so ${adjective}?`,
      `Why the ${who.singular} is so ${adjective}?`,
    ]),
    frame([things, women], (thing, who) => [
      `These three ${thing.plural} belong to ${who}.`,
      `These three ${thing.plural} belong ${who} to.`,
    ]),
  ],

  articles: [
    frame([women, vowelThings], (who, thing) => [
      `${who} is holding an ${thing}.`,
      `${who} is holding a ${thing}.`,
    ]),
    frame([things, places], (thing, place) => [
      `He left a ${thing.singular} in the ${place}.`,
      `He left an ${thing.singular} in the ${place}.`,
    ]),
    frame([masses, places], (mass, place) => [
      `We need some ${mass} for the ${place}.`,
      `We need a ${mass} for the ${place}.`,
    ]),
    frame([people, adjectives], (who, adjective) => [
      `This ${who.singular} is really ${adjective}.`,
      `These ${who.singular} is really ${adjective}.`,
    ]),
    frame([people, places], (who, place) => [
      `I met several ${who.plural} in the ${place}.`,
      `I met a ${who.plural} in the ${place}.`,
    ]),
    frame([thingVerbs, things], (verb, thing) => [
      `They ${verb.past} a ${thing.singular} yesterday.`,
      `They ${verb.past} ${thing.singular} yesterday.`,
    ]),
    frame([men, people], (who, job) => [
      `${who} wants to become a ${job.singular}.`,
      `${who} wants to become ${job.singular}.`,
    ]),
    frame([places, sizes], (place, size) => [
      `The ${place} over there is ${size}.`,
      `The that ${place} over there is ${size}.`,
    ]),
    frame([masses, places], (mass, place) => [
      `There is too much ${mass} near the ${place}.`,
      `There is too many ${mass} near the ${place}.`,
    ]),
    frame([people, intransitives], (who, verb) => [
      `Each ${who.singular} ${verb.past} again.`,
      `Each ${who.plural} ${verb.past} again.`,
    ]),
  ],

  reflexives: [
    frame([women, topics], (who, topic) => [
      `${who} blamed herself for the ${topic}.`,
      `${who} blamed himself for the ${topic}.`,
    ]),
    frame([men, places], (who, place) => [
      `${who} talks to himself in the ${place}.`,
      `${who} talks to herself in the ${place}.`,
    ]),
    frame([people, people], (who, others) => [
      `The ${who.plural} introduced themselves to the ${others.plural}.`,
      `The ${who.plural} introduced itself to the ${others.plural}.`,
    ]),
    frame([sizes, places], (size, place) => [
      `We found ourselves in front of the ${size} ${place}.`,
      `We found themselves in front of the ${size} ${place}.`,
    ]),
    frame([women, clauseVerbs], (who, verb) => [
      `${who} ${verb} that I had hurt myself.`,
      `${who} ${verb} that I had hurt herself.`,
    ]),
    frame([men, clauseVerbs, women], (who, verb, other) => [
      `${who} ${verb} that ${other} trusted herself.`,
      `${who} ${verb} that ${other} trusted himself.`,
    ]),
    frame([men, personVerbs], (who, verb) => [
      `${who}'s sister ${verb.past} herself.`,
      `${who}'s sister ${verb.past} himself.`,
    ]),
    frame([people, topics], (who, topic) => [
      `You ${who.plural} should ask yourselves about the ${topic}.`,
      `You ${who.plural} should ask ourselves about the ${topic}.`,
    ]),
    frame([people, places], (who, place) => [
      `The ${who.plural} taught themselves to cook in the ${place}.`,
      `The ${who.plural} taught himself to cook in the ${place}.`,
    ]),
    frame([women, men], (who, other) => [
      `${who} told ${other} to protect himself.`,
      `${who} told ${other} to protect herself.`,
    ]),
  ],

  'argument structure': [
    frame([people, thingVerbs, things, intransitives], (who, verb, thing, other) => [
      `The ${who.singular} ${verb.past} the ${thing.singular} on Monday.`,
      `The ${who.singular} ${other.past} the ${thing.singular} on Monday.`,
    ]),
    frame([men, explainingVerbs, topics], (who, verb, topic) => [
      `${who} ${verb} the ${topic} to me.`,
      `${who} ${verb} me the ${topic}.`,
    ]),
    frame([people, infinitiveVerbs, intransitives], (who, verb, other) => [
      `The ${who.singular} ${verb} to ${other.base}.`,
      `The ${who.singular} ${verb} ${other.gerund}.`,
    ]),
    frame([people, gerundVerbs, places], (who, verb, place) => [
      `My ${who.singular} ${verb} cleaning the ${place}.`,
      `My ${who.singular} ${verb} to clean the ${place}.`,
    ]),
    frame([women, things, places], (who, thing, place) => [
      `${who} put the ${thing.singular} near the ${place}.`,
      `${who} put near the ${place}.`,
    ]),
    frame([men, people], (who, others) => [
      `${who} relies on the ${others.plural}.`,
      `${who} relies the ${others.plural}.`,
    ]),
    frame([people, personVerbs, women], (who, verb, other) => [
      `The ${who.plural} ${verb.past} ${other} this morning.`,
      `The ${who.plural} ${verb.past} this morning.`,
    ]),
    frame([women, givingVerbs, people, things], (who, verb, other, thing) => [
      `${who} ${verb.past} the ${other.singular} a ${thing.singular}.`,
      `${who} ${verb.past} to the ${other.singular} for a ${thing.singular}.`,
    ]),
    frame([people, intransitives, topics], (who, verb, topic) => [
      `The ${who.singular} ${verb.past} because of the ${topic}.`,
      `The ${who.singular} ${verb.past} the ${topic}.`,
    ]),
    frame([women, men, places], (who, other, place) => [
      `${who} persuaded ${other} to leave the ${place}.`,
      `${who} persuaded to leave the ${place} ${other}.`,
    ]),
  ],

  islands: [
    frame([women, thingVerbs, people], (who, verb, others) => [
      `What did ${who} say that the ${others.plural} ${verb.past}?`,
      `What did ${who} ask who ${verb.past}?`,
    ]),
    frame([men, personVerbs, people], (who, verb, others) => [
      `Who does ${who} think the ${others.plural} ${verb.past}?`,
      `Who does ${who} know the ${others.plural} who ${verb.past}?`,
    ]),
    frame([people, thingVerbs, things], (who, verb, thing) => [
      `Which ${thing.singular} did the ${who.singular} ${verb.base}?`,
      `Which did the ${who.singular} ${verb.base} ${thing.singular}?`,
    ]),
    frame([women, thingVerbs, things], (who, verb, thing) => [
      `What did ${who} ${verb.base} besides the ${thing.singular}?`,
      `What did ${who} ${verb.base} the ${thing.singular} and?`,
    ]),
    frame([men, people, intransitives], (who, others, verb) => [
      `Who did ${who} see before the ${others.singular} ${verb.past}?`,
      `Who did ${who} leave before ${verb.past}?`,
    ]),
    frame([people, thingVerbs, places], (who, verb, place) => [
      `What did the ${who.plural} from the ${place} ${verb.base}?`,
      `What did the ${who.plural} who ${verb.past} leave the ${place}?`,
    ]),
    frame([women, topics, personVerbs], (who, topic, verb) => [
      `Who did ${who} ${verb.base} after the ${topic}?`,
      `Who did ${who} hear the ${topic} that she ${verb.past}?`,
    ]),
    frame([men, things, places], (who, thing, place) => [
      `Whose ${thing.singular} did ${who} leave in the ${place}?`,
      `Whose did ${who} leave ${thing.singular} in the ${place}?`,
    ]),
    frame([people, thingVerbs, women], (who, verb, other) => [
      `What does ${other} believe that the ${who.singular} ${verb.past}?`,
      `What does ${other} believe the claim that the ${who.singular} ${verb.past}?`,
    ]),
    frame([men, thingVerbs, people], (who, verb, others) => [
      `What did ${who} and the ${others.plural} ${verb.base}?`,
      `What did ${who} smile because the ${others.plural} ${verb.past}?`,
    ]),
  ],

  'negation and polarity': [
    frame([people, thingVerbs, things], (who, verb, thing) => [
      `The ${who.singular} has not ${verb.participle} any ${thing.plural}.`,
      `The ${who.singular} has ${verb.participle} any ${thing.plural}.`,
    ]),
    frame([women, personVerbs], (who, verb) => [
      `Nobody has ever ${verb.participle} ${who}.`,
      `Somebody has ever ${verb.participle} ${who}.`,
    ]),
    frame([men, intransitives], (who, verb) => [
      `${who} does not ${verb.base} at all.`,
      `${who} ${verb.third} at all.`,
    ]),
    frame([people, places], (who, place) => [
      `The ${who.plural} have not seen the ${place} yet.`,
      `The ${who.plural} have seen the ${place} yet.`,
    ]),
    frame([women, thingVerbs, things], (who, verb, thing) => [
      `${who} did not ${verb.base} the ${thing.singular}.`,
      `${who} not ${verb.past} the ${thing.singular}.`,
    ]),
    frame([people, adjectives], (who, adjective) => [
      `No ${who.singular} was ever so ${adjective}.`,
      `A ${who.singular} was ever so ${adjective} yet.`,
    ]),
    frame([men, places], (who, place) => [
      `${who} rarely says anything in the ${place}.`,
      `${who} always says anything at all in the ${place}.`,
    ]),
    frame([people, things], (who, thing) => [
      `Few ${who.plural} own any ${thing.plural}.`,
      `Most ${who.plural} own any ${thing.plural}.`,
    ]),
    frame([women, masses], (who, mass) => [
      `${who} never asks for any ${mass}.`,
      `${who} often asks for any ${mass}.`,
    ]),
    frame([people, places], (who, place) => [
      `Not a single ${who.singular} left the ${place}.`,
      `Not a single ${who.singular} did not left the ${place}.`,
    ]),
  ],

  tense: [
    frame([people, thingVerbs, things], (who, verb, thing) => [
      `Yesterday the ${who.singular} ${verb.past} a ${thing.singular}.`,
      `Yesterday the ${who.singular} will ${verb.base} a ${thing.singular}.`,
    ]),
    frame([women, thingVerbs, things], (who, verb, thing) => [
      `${who} will ${verb.base} the ${thing.singular} tomorrow.`,
      `${who} ${verb.past} the ${thing.singular} tomorrow.`,
    ]),
    frame([men, intransitives], (who, verb) => [
      `${who} has already ${verb.participle}.`,
      `${who} has already ${verb.base}.`,
    ]),
    frame([people, intransitives], (who, verb) => [
      `The ${who.plural} are ${verb.gerund} right now.`,
      `The ${who.plural} are ${verb.base} right now.`,
    ]),
    frame([women, places], (who, place) => [
      `${who} did not visit the ${place}.`,
      `${who} did not visited the ${place}.`,
    ]),
    frame([people, thingVerbs, things], (who, verb, thing) => [
      `The ${thing.plural} were ${verb.participle} by the ${who.singular}.`,
      `The ${thing.plural} were ${verb.gerund} by the ${who.singular}.`,
    ]),
    frame([men, intransitives], (who, verb) => [
      `Last week ${who} could not ${verb.base}.`,
      `Last week ${who} could not ${verb.past}.`,
    ]),
    frame([people, places], (who, place) => [
      `The ${who.singular} must clean the ${place} soon.`,
      `The ${who.singular} must to clean the ${place} soon.`,
    ]),
    frame([women, intransitives], (who, verb) => [
      `Next year ${who} is going to ${verb.base}.`,
      `Next year ${who} is going to ${verb.third}.`,
    ]),
    frame([people, thingVerbs, things], (who, verb, thing) => [
      `The ${who.plural} had ${verb.participle} the ${thing.singular} before noon.`,
      `The ${who.plural} had ${verb.gerund} the ${thing.singular} before noon.`,
    ]),
  ],
};
