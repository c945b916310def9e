import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { isLongerThan, shortened } from '../common/text.js';

/*
 * The one rule for names that people choose: of data sets, runs and models. Names that are part of an
 * address, a setting or a path (aliases, API keys, base models) have a narrower alphabet, which also
 * satisfies this rule.
 */

/** The maximum length of a name in characters. */
export const LONGEST_NAME = 200;

const rule =
  `must have 1 to ${LONGEST_NAME} characters that can be seen: no line breaks, and no control, zero-width or ` +
  'direction characters';

/** The OpenAPI schema of a name. */
export const nameSchema = { minLength: 1, maxLength: LONGEST_NAME };

/** Checks a name in a DTO. Trims white space and composes accented letters (NFC). */
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
 * Makes a name from another text, such as a file name. Characters that are not allowed are removed, and a
 * long text is shortened.
 * @returns an empty text if nothing is left
 */
export function nameFrom(text: string, most = LONGEST_NAME): string {
  if (isName(text) && !isLongerThan(text, most)) return text;
  // Shorten a long text before it is searched. Removing characters makes it shorter again.
  const readable = tidied(shortened(text, 4 * most).replace(/\s+/gu, ' '));
  const fit = unfit.test(withoutEmoji(readable)) ? readable.replace(unfitAll, '') : readable;
  const name = shortened(tidied(fit), most);
  return visible.test(name) ? name : '';
}

function tidied(text: string): string {
  // Do not normalise a text that is far too long for a name.
  return text.length > 20 * LONGEST_NAME ? text : text.trim().normalize('NFC');
}

/** Removes emoji. They contain characters that are refused on their own. */
function withoutEmoji(text: string): string {
  return text.replace(emoji, '');
}

const emoji = new RegExp(String.raw`\p{RGI_Emoji}`, 'gv');
const unfit = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const unfitAll = new RegExp(unfit.source, 'gu');
const visible = /[^\s\u2800\p{Default_Ignorable_Code_Point}\p{C}\p{M}]/u;
