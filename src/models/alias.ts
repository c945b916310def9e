/** A name that points to a model and can be moved, such as `production`. */
export interface Alias {
  name: string;
  modelId: string;
  updatedAt: Date;
}

export interface AliasChange {
  /** null if the alias was removed. */
  modelId: string | null;
  previousModelId: string | null;
  reason: string;
  createdAt: Date;
}

/** The pattern excludes model ids, so an id and an alias can never be confused. */
export const aliasNamePattern = /^(?!mdl_)[a-z0-9][a-z0-9._-]{0,62}$/;

export const aliasNameRule =
  'An alias has 1 to 63 lower-case letters, digits, dots, underscores and hyphens, starts with a letter or digit, and not with "mdl_".';

export function isAliasName(name: string): boolean {
  return aliasNamePattern.test(name);
}

export function isModelId(name: string): boolean {
  return name.startsWith('mdl_');
}
