/** An id can never be taken for an alias, nor an alias for an id. */
export const aliasNamePattern = /^(?!mdl_)[a-z0-9][a-z0-9._-]{0,62}$/;

export const aliasNameRule =
  'An alias has 1 to 63 lower-case letters, digits, dots, underscores and hyphens, starts with a letter or digit, and not with "mdl_".';

export function isAliasName(name: string): boolean {
  return aliasNamePattern.test(name);
}

export function isModelId(name: string): boolean {
  return name.startsWith('mdl_');
}
