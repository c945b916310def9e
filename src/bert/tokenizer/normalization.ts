import type { JsonObject } from '../json-file.js';
import { normalizeForBert, type BertNormalizerSettings } from './bert-normalizer.js';
import { normalizeTo, type NormalForm } from './normal-forms.js';

/**
 * The function of a normalizer in `tokenizer.json`. It takes linear time.
 * @param normalizer an accepted one
 */
export function normalization(normalizer: JsonObject): (text: string) => string {
  switch (normalizer['type']) {
    case 'Sequence': {
      const steps = (normalizer['normalizers'] as JsonObject[]).map(normalization);
      return (text) => steps.reduce((normal, step) => step(normal), text);
    }
    case 'BertNormalizer':
      return (text) => normalizeForBert(text, normalizer as unknown as BertNormalizerSettings);
    case 'Lowercase':
      // Character by character, as in the reference: only String.toLowerCase knows the final sigma.
      return (text) => text.replaceAll('Σ', 'σ').toLowerCase();
    case 'StripAccents':
      return (text) => text.replace(/\p{M}/gu, '');
    case 'Strip': {
      const { strip_left: left, strip_right: right } = normalizer;
      return (text) => {
        const start = left ? text.trimStart() : text;
        return right ? start.trimEnd() : start;
      };
    }
    default:
      return (text) => normalizeTo(normalizer['type'] as NormalForm, text);
  }
}
