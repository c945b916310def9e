/** A name that points to a model and can be moved: what "production" is today. */
export interface Alias {
  name: string;
  modelId: string;
  updatedAt: Date;
}

export interface AliasChange {
  /** Null where the alias was removed. */
  modelId: string | null;
  previousModelId: string | null;
  reason: string;
  createdAt: Date;
}

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
