import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { entryLines, parseApiKeys, type ApiKeyEntry, type Scope } from '../config/api-key-list.js';
import { SettingsError } from '../config/read-settings.js';
import { Settings } from '../config/settings.js';

/** The API key of a request. */
export interface ApiKey {
  name: string;
  scopes: readonly Scope[];
}

interface KnownKey extends ApiKey {
  digest: Buffer;
}

/** Keys are shorter. The limit keeps clients from sending long texts to hash. */
const LONGEST_KEY = 256;
const FILE_INTERVAL_MS = 5000;

/**
 * The keys of the settings and the key file, as SHA-256 digests. A fast hash is safe here: a key holds 256
 * random bits, so nobody can guess it from its hash. A slow hash protects passwords, which people choose, and
 * would slow down each request.
 */
@Injectable()
export class ApiKeys implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(ApiKeys.name);
  private known: readonly KnownKey[];
  private fileText = '';
  private timer: NodeJS.Timeout | undefined;

  /** @throws SettingsError if the file cannot be read or an entry of it cannot be used */
  constructor(private readonly settings: Settings) {
    if (settings.apiKeysFile !== '') this.fileText = this.firstText(settings.apiKeysFile);
    const known = this.parse(this.fileText);
    if (typeof known === 'string') throw new SettingsError([known]);
    this.known = known;
  }

  /** Whether requests need a key. If the key file becomes empty, requests still need one, and all are refused. */
  get areRequired(): boolean {
    return this.settings.apiKeys.length > 0 || this.settings.apiKeysFile !== '';
  }

  onApplicationBootstrap(): void {
    if (this.areRequired) this.logger.log(`API keys are asked for: ${this.names() || 'there are none yet'}`);
    else if (!isLoopback(this.settings.host)) {
      this.logger.warn(
        `Everybody who reaches ${this.settings.host} may use this service, its deletions too: no API key is asked for. Set ` +
          'WELLFORMED_API_KEYS (npm run api-key makes a key), or WELLFORMED_HOST to 127.0.0.1.',
      );
    }
    if (this.settings.apiKeysFile === '') return;
    this.timer = setInterval(() => void this.readAgain(), FILE_INTERVAL_MS);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Takes the same time for known and unknown keys: it compares all bits of every key. */
  find(key: string): ApiKey | undefined {
    if (key.length > LONGEST_KEY) return undefined;
    const digest = createHash('sha256').update(key).digest();
    let found: KnownKey | undefined;
    for (const one of this.known) if (timingSafeEqual(one.digest, digest)) found = one;
    return found;
  }

  /** Reads the key file again. If the file is unusable, the keys stay as they were and the log says why. */
  async readAgain(): Promise<void> {
    let text: string;
    try {
      text = await readFile(this.settings.apiKeysFile, 'utf8');
    } catch (error) {
      // Log it once, not every few seconds.
      if (this.fileText !== UNREADABLE) this.logger.error(`${unreadable(error)} The keys stay as they were.`);
      this.fileText = UNREADABLE;
      return;
    }
    if (text === this.fileText) return;
    this.fileText = text;
    const known = this.parse(text);
    if (typeof known === 'string') {
      this.logger.error(`${known} The keys stay as they were.`);
      return;
    }
    this.known = known;
    this.logger.log(`The file of API keys has changed. Keys: ${this.names() || 'none'}`);
  }

  private parse(fileText: string): KnownKey[] | string {
    const fromFile = entryLines(fileText);
    const entries = parseApiKeys(fromFile);
    if (typeof entries === 'string') return `WELLFORMED_API_KEYS_FILE cannot be used: ${entries}.`;
    const all = [...this.settings.apiKeys, ...entries];
    const twice = entries.findIndex((entry) =>
      this.settings.apiKeys.some(({ name, sha256 }) => name === entry.name || sha256 === entry.sha256),
    );
    if (twice >= 0)
      return `WELLFORMED_API_KEYS_FILE cannot be used: entry ${twice + 1} stands in WELLFORMED_API_KEYS too.`;
    return all.map(withDigest);
  }

  private firstText(file: string): string {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw new SettingsError([unreadable(error)]);
    }
  }

  private names(): string {
    return this.known.map(({ name, scopes }) => `${name} (${scopes.join(', ')})`).join(', ');
  }
}

/** Marks an unreadable file. No key file has this content. */
const UNREADABLE = '\0';

function unreadable(error: unknown): string {
  return `WELLFORMED_API_KEYS_FILE cannot be read: ${(error as Error).message}.`;
}

function withDigest({ name, scopes, sha256 }: ApiKeyEntry): KnownKey {
  return { name, scopes, digest: Buffer.from(sha256, 'hex') };
}

/** Whether a server that listens on this host can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
