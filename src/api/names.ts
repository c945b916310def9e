import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { isLongerThan, shortened } from '../common/text.js';

/*
 * The one rule for what people call things: datasets, runs, models. What is also part of an address, a setting or a path (aliases,
 * API keys, base models) has a narrower alphabet of its own, with which it keeps this rule too.
 */

/** Most characters of a name. */
export const LONGEST_NAME = 200;

const rule =
  `must have 1 to ${LONGEST_NAME} characters that can be seen: no line breaks, and no control, zero-width or ` +
  'direction characters';

/** What OpenAPI is to say of a name. */
export const nameSchema = { minLength: 1, maxLength: LONGEST_NAME };

/** Checks a name of a DTO, and takes white space from its ends; letters with accents are stored composed (NFC). */
export function IsName(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? tidied(value) : value)),
    ValidateBy(
      { name: 'name', validator: { validate: isName } },
      { message: ({ property }) => `${property} ${rule}` },
    ),
  );
}

export function isName(value: unknown): boolean {
  if (typeof value !== 'string' || value !== tidied(value) || isLongerThan(value, LONGEST_NAME)) return false;
  return visible.test(value) && !unfit.test(withoutEmoji(value));
}

/**
 * A name made of another text, such as that of a file: what no name may have is left out, and what is too long is cut.
 * @returns an empty text where nothing is left
 */
export function nameFrom(text: string, most = LONGEST_NAME): string {
  if (isName(text) && !isLongerThan(text, most)) return text;
  // A long text is cut before it is looked through; what is left out makes it shorter again.
  const readable = tidied(shortened(text, 4 * most).replace(/\s+/gu, ' '));
  const fit = unfit.test(withoutEmoji(readable)) ? readable.replace(unfitAll, '') : readable;
  const name = shortened(tidied(fit), most);
  return visible.test(name) ? name : '';
}

function tidied(text: string): string {
  // What no name can be is not worth the work.
  return text.length > 20 * LONGEST_NAME ? text : text.trim().normalize('NFC');
}

/** Emoji join and mark their parts with characters that alone would be refused. */
function withoutEmoji(text: string): string {
  return text.replace(emoji, '');
}

const emoji = new RegExp(String.raw`\p{RGI_Emoji}`, 'gv');
const unfit = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const unfitAll = new RegExp(unfit.source, 'gu');
const visible = /[^\s\u2800\p{Default_Ignorable_Code_Point}\p{C}\p{M}]/u;
