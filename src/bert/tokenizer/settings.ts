import { join } from 'node:path';
import { isJsonObject, readJsonObject, textFileLimits, type JsonObject } from '../json-file.js';

/** Tokenizer settings of a folder, besides the pieces. */
export interface TokenizerSettings {
  /** `tokenizer_config.json` */
  config: JsonObject;
  /** `special_tokens_map.json` */
  specialTokens: JsonObject;
}

/** A token that stands for no text of its own, and how it matches in a text. */
export interface SpecialToken {
  content: string;
  /** Whether it swallows the white space before it. */
  lstrip: boolean;
  /** Whether it swallows the white space after it. */
  rstrip: boolean;
}

/** @throws InvalidModelError if an existing file is damaged. */
export function readSettings(folder: string): TokenizerSettings {
  return {
    config:
      readJsonObject(join(folder, 'tokenizer_config.json'), textFileLimits['tokenizer_config.json']) ?? {},
    specialTokens:
      readJsonObject(join(folder, 'special_tokens_map.json'), textFileLimits['special_tokens_map.json']) ??
      {},
  };
}

/**
 * A special token by name: `unk_token`, `cls_token` and so on. Each file gives it as a string, or as an
 * object with the string as `content`.
 */
export function specialToken(
  { config, specialTokens }: TokenizerSettings,
  name: string,
  otherwise: SpecialToken,
): SpecialToken {
  const values = [config[name], specialTokens[name]];
  const content = values.map(contentOf).find((text) => text !== undefined) ?? otherwise.content;
  const said = [...addedTokens(config), ...values].find(
    (value) => isJsonObject(value) && value['content'] === content,
  ) as JsonObject | undefined;
  const flag = (key: 'lstrip' | 'rstrip') => (typeof said?.[key] === 'boolean' ? said[key] : otherwise[key]);
  return { content, lstrip: flag('lstrip'), rstrip: flag('rstrip') };
}

/** The boolean setting of that name; undefined if missing or not a boolean. */
export function booleanSetting({ config }: TokenizerSettings, name: string): boolean | undefined {
  const value = config[name];
  return typeof value === 'boolean' ? value : undefined;
}

function contentOf(value: unknown): string | undefined {
  const content = isJsonObject(value) ? value['content'] : value;
  return typeof content === 'string' ? content : undefined;
}

function addedTokens(config: JsonObject): unknown[] {
  const byId = config['added_tokens_decoder'];
  return isJsonObject(byId) ? Object.values(byId) : [];
}
