import { InvalidModelError } from '../errors.js';
import { isJsonObject, shown, type JsonObject } from '../json-file.js';
import { readVocabulary, wrongId } from './vocabulary.js';

/*
 * What `tokenizer.json` may contain. The file is a program in its own language, with regular expressions and
 * any number of steps, and comes from an untrusted source. Only the steps of BERT, DistilBERT, ELECTRA and
 * RoBERTa are accepted. None of them has a pattern, and each takes linear time.
 */

/** How sentences are split into pieces: as in BERT, or as in RoBERTa. */
export type TokenizerKind = 'word-piece' | 'byte-level';

const wordPieceSplitters = ['BertPreTokenizer', 'Whitespace', 'WhitespaceSplit', 'Punctuation', 'Digits'];

const steps = {
  normalizer: {
    kinds: ['BertNormalizer', 'NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents', 'Strip'],
    list: 'normalizers',
  },
  pre_tokenizer: { kinds: [...wordPieceSplitters, 'ByteLevel'], list: 'pretokenizers' },
  post_processor: {
    kinds: ['TemplateProcessing', 'BertProcessing', 'RobertaProcessing', 'ByteLevel'],
    list: 'processors',
  },
  decoder: { kinds: ['WordPiece', 'ByteLevel'], list: 'decoders' },
} as const;

/** Maximum number of steps of a `Sequence`. */
const mostSteps = 8;

/**
 * Maximum characters of a piece. BERT reads words of up to 100 characters, so no piece is longer. The longest
 * of RoBERTa has 128.
 */
export const longestPiece: Record<TokenizerKind, number> = { 'word-piece': 100, 'byte-level': 256 };
/** Maximum characters of a word that WordPiece splits. All known models have 100. */
const longestWord = 256;
const longestPrefix = 16;

const mostAddedTokens = 10_000;
/** Of all added tokens together: each character becomes a node of a tree. */
const mostAddedCharacters = 100_000;
const longestAddedToken = 100;

const mostMerges = 1_000_000;

/**
 * @param path of the file, for the message
 * @throws InvalidModelError if something is missing, is larger than in any real tokenizer, or is of an
 * unsupported kind.
 */
export function assertAccepted(
  definition: JsonObject,
  path: string,
): asserts definition is TokenizerDefinition {
  const { model, added_tokens: addedTokens } = definition;
  if (!isJsonObject(model) || !Array.isArray(addedTokens)) {
    throw new InvalidModelError(
      `${path} holds no tokenizer: model or added_tokens is missing. Copy the file from the original model again.`,
    );
  }
  const tokens = wrongAddedToken(addedTokens);
  if (tokens) throw new InvalidModelError(`${path} ${tokens}. Copy the file from the original model again.`);
  const step =
    (Object.keys(steps) as (keyof typeof steps)[])
      .map((name) => unknownStep(name, definition[name]))
      .find(Boolean) ?? unknownModel(model, definition['pre_tokenizer']);
  if (step) {
    throw new InvalidModelError(
      `${path} cannot be used: ${step}. Choose a model with the tokenizer of BERT, DistilBERT, ELECTRA or RoBERTa.`,
    );
  }
  readVocabulary(model['vocab'], path, longestPiece[kindOf(definition as TokenizerDefinition)]);
}

/** @param definition an accepted one */
export function kindOf({ model }: Pick<TokenizerDefinition, 'model'>): TokenizerKind {
  return typeOf(model) === 'WordPiece' ? 'word-piece' : 'byte-level';
}

/** Older files do not name the model's type. */
function typeOf(model: JsonObject): unknown {
  if (model['type'] !== undefined) return model['type'];
  if ('merges' in model) return 'BPE';
  return 'max_input_chars_per_word' in model ? 'WordPiece' : undefined;
}

function unknownModel(model: JsonObject, split: unknown): string | undefined {
  switch (typeOf(model)) {
    case 'WordPiece': {
      const { continuing_subword_prefix: prefix = '##', max_input_chars_per_word: most = 100 } = model;
      if (typeof prefix !== 'string' || prefix.length > longestPrefix) {
        return `continuing_subword_prefix is ${shown(prefix)}, but must be a text of at most ${longestPrefix} characters`;
      }
      if (!Number.isInteger(most) || (most as number) < 1 || (most as number) > longestWord) {
        return `max_input_chars_per_word is ${shown(most)}, but must be a whole number from 1 to ${longestWord}`;
      }
      return isJsonObject(split) && kindsOf('pre_tokenizer', split).includes('ByteLevel')
        ? 'its pre_tokenizer ByteLevel belongs to byte-level BPE, but its model is WordPiece'
        : undefined;
    }
    case 'BPE': {
      const apart = ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix', 'byte_fallback'];
      const rule = apart.find((name) => model[name]);
      if (rule) return `its model BPE has ${rule} ${shown(model[rule])}, which RoBERTa has not`;
      if (!isJsonObject(split) || split['type'] !== 'ByteLevel' || split['use_regex'] === false) {
        return 'its model is BPE, but its pre_tokenizer is not ByteLevel as in RoBERTa';
      }
      const { merges } = model;
      return Array.isArray(merges) && merges.length > mostMerges
        ? `it has ${merges.length} merges, and ${mostMerges} is the most`
        : undefined;
    }
    default:
      return `its model is of the kind ${shown(model['type'])}, but only WordPiece and BPE are known`;
  }
}

function kindsOf(name: keyof typeof steps, step: JsonObject): unknown[] {
  const items = step['type'] === 'Sequence' ? step[steps[name].list] : [step];
  return Array.isArray(items) ? items.map((item: unknown) => (isJsonObject(item) ? item['type'] : item)) : [];
}

function unknownStep(name: keyof typeof steps, step: unknown): string | undefined {
  const { kinds, list } = steps[name];
  if (step === null || step === undefined) return undefined;
  if (!isJsonObject(step)) return `its ${name} is ${shown(step)}, not an object`;
  const items: unknown = step['type'] === 'Sequence' ? step[list] : [step];
  if (!Array.isArray(items) || items.length > mostSteps) {
    return `its ${name} is a Sequence without a list of at most ${mostSteps} ${list}`;
  }
  for (const item of items as unknown[]) {
    const kind = isJsonObject(item) ? item['type'] : item;
    if (!(kinds as readonly unknown[]).includes(kind)) {
      return `its ${name} is of the kind ${shown(kind)}, but only ${kinds.join(', ')} are carried out`;
    }
    const wrong = kind === 'TemplateProcessing' ? wrongTemplate(item as JsonObject) : undefined;
    if (wrong) return wrong;
  }
  return undefined;
}

/** Sentences are judged one by one, so `pair` does not matter. */
function wrongTemplate({ single }: JsonObject): string | undefined {
  const [start, sentence, end, ...others] = (Array.isArray(single) ? single : []) as unknown[];
  const isToken = (item: unknown) =>
    isJsonObject(item) &&
    isJsonObject(item['SpecialToken']) &&
    typeof item['SpecialToken']['id'] === 'string';
  const isSentence =
    isJsonObject(sentence) && isJsonObject(sentence['Sequence']) && sentence['Sequence']['id'] === 'A';
  return isToken(start) && isSentence && isToken(end) && others.length === 0
    ? undefined
    : 'its TemplateProcessing is not one token, the sentence and one token';
}

function wrongAddedToken(tokens: readonly unknown[]): string | undefined {
  if (tokens.length > mostAddedTokens) {
    return `has ${tokens.length} added tokens, and ${mostAddedTokens} is the most`;
  }
  let characters = 0;
  for (const token of tokens) {
    const { content, id } = isJsonObject(token) ? token : {};
    if (typeof content !== 'string' || content === '') return 'has an added token without a text';
    if (content.length > longestAddedToken) {
      return `has the added token ${shown(content)} of ${content.length} characters, and ${longestAddedToken} is the most`;
    }
    characters += content.length;
    const wrong = wrongId(content, id);
    if (wrong) return wrong;
  }
  return characters > mostAddedCharacters
    ? `has added tokens of ${characters} characters, and ${mostAddedCharacters} is the most`
    : undefined;
}

/** A tokenizer in the format of `tokenizer.json`. */
export interface TokenizerDefinition extends JsonObject {
  normalizer: JsonObject | null;
  pre_tokenizer: JsonObject | null;
  post_processor: JsonObject | null;
  model: JsonObject;
  added_tokens: JsonObject[];
}
