/** What a key may be used for. `admin` includes the others. */
export const scopes = ['predict', 'train', 'metrics', 'admin'] as const;

export type Scope = (typeof scopes)[number];

/** A key as the service knows it: never the key itself. */
export interface ApiKeyEntry {
  /** The name of the key's owner, for people and logs. */
  name: string;
  scopes: readonly Scope[];
  /** SHA-256 of the key, in hexadecimal digits. */
  sha256: string;
}

/**
 * Parses entries of the form `name:scope+scope:sha256`. An error message gives only the number of the entry.
 * If somebody puts a key in place of its hash, the key must not appear in a log.
 *
 * @returns the entries, or what is wrong. The message is the end of a sentence that begins with the setting
 * or file.
 */
export function parseApiKeys(texts: readonly string[]): ApiKeyEntry[] | string {
  const entries: ApiKeyEntry[] = [];
  for (const [index, text] of texts.entries()) {
    const entry = parseEntry(text);
    const problem = typeof entry === 'string' ? entry : clash(entry, entries);
    if (typeof entry === 'string' || problem) return `entry ${index + 1} ${problem}`;
    entries.push(entry);
  }
  return entries;
}

/** Returns the lines of a key file that hold an entry. */
export function entryLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function parseEntry(text: string): ApiKeyEntry | string {
  const parts = text.split(':').map((part) => part.trim());
  if (parts.length !== 3) return 'is not NAME:SCOPE+SCOPE:SHA256';
  const [name, scopeList, sha256] = parts as [string, string, string];
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/.test(name))
    return 'has a name that is not 1 to 64 letters, digits, "." and "-"';
  const given = scopeList.split('+');
  if (!given.every((scope): scope is Scope => scopes.some((known) => known === scope)))
    return `has a scope that is none of ${scopes.join(', ')}`;
  if (!/^[0-9a-f]{64}$/i.test(sha256)) return 'has no SHA-256 of 64 hexadecimal digits';
  return { name, scopes: given, sha256: sha256.toLowerCase() };
}

function clash(entry: ApiKeyEntry, others: readonly ApiKeyEntry[]): string | undefined {
  if (others.some(({ name }) => name === entry.name)) return 'has the name of an earlier one';
  if (others.some(({ sha256 }) => sha256 === entry.sha256)) return 'is the key of an earlier one';
  return undefined;
}
