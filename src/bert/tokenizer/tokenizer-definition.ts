import type { JsonObject } from '../json-file.js';

/** A tokenizer in the format of `tokenizer.json`. */
export interface TokenizerDefinition extends JsonObject {
  normalizer: JsonObject | null;
  pre_tokenizer: JsonObject | null;
  post_processor: JsonObject | null;
  model: JsonObject;
  added_tokens: JsonObject[];
}
