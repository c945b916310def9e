import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { compiled } from '../../test/support/compiled.js';
import { readSettings } from '../config/read-settings.js';
import { ApiKeys, isLoopback } from './api-keys.js';

const entryOf = (name: string, key: string, scopes = 'predict') =>
  `${name}:${scopes}:${createHash('sha256').update(key).digest('hex')}`;
const keysOf = (environment: Record<string, string>) => new ApiKeys(readSettings(environment).settings);

describe('ApiKeys', () => {
  let folder: string;
  let file: string;
  const logged: string[] = [];
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'keys-'));
    file = path.join(folder, 'keys');
    for (const level of ['log', 'warn', 'error'] as const) {
      vi.spyOn(Logger.prototype, level).mockImplementation(
        (message: unknown) => void logged.push(String(message)),
      );
    }
  });
  afterEach(() => {
    vi.restoreAllMocks();
    logged.length = 0;
    rmSync(folder, { recursive: true });
  });

  it('finds a key among those of the environment and of the file', () => {
    writeFileSync(
      file,
      `# of the school\n\n  ${entryOf('teacher', 'wf_b', 'train+predict')}\r\n${entryOf('head', 'wf_c', 'admin')}`,
    );
    const keys = keysOf({ WELLFORMED_API_KEYS: entryOf('pupil', 'wf_a'), WELLFORMED_API_KEYS_FILE: file });
    expect(keys.areRequired).toBe(true);
    expect(keys.find('wf_a')).toMatchObject({ name: 'pupil', scopes: ['predict'] });
    expect(keys.find('wf_b')).toMatchObject({ name: 'teacher', scopes: ['train', 'predict'] });
    expect(keys.find('wf_c')).toMatchObject({ name: 'head' });
    for (const other of ['wf_d', 'wf_', '', 'WF_A', 'wf_a ', 'x'.repeat(1e6)])
      expect(keys.find(other)).toBeUndefined();
  });

  it('asks for none without any, and lets nobody in where the file has none', () => {
    expect(keysOf({}).areRequired).toBe(false);
    writeFileSync(file, '# none yet\n');
    expect(keysOf({ WELLFORMED_API_KEYS_FILE: file }).areRequired).toBe(true);
  });

  it('takes over what the file says now: new keys, and those that are gone', async () => {
    writeFileSync(file, entryOf('a', 'wf_a'));
    const keys = keysOf({ WELLFORMED_API_KEYS_FILE: file });
    writeFileSync(file, entryOf('b', 'wf_b'));
    await keys.readAgain();
    expect(keys.find('wf_a')).toBeUndefined();
    expect(keys.find('wf_b')).toMatchObject({ name: 'b' });
    expect(logged).toEqual(['The file of API keys has changed. Keys: b (predict)']);
  });

  it('keeps the keys that it has where the file cannot be used, and says so once', async () => {
    writeFileSync(file, entryOf('a', 'wf_a'));
    const keys = keysOf({ WELLFORMED_API_KEYS_FILE: file });
    writeFileSync(file, `${entryOf('b', 'wf_b')}\nwf_secret`);
    for (let i = 0; i < 3; i++) await keys.readAgain();
    rmSync(file);
    for (let i = 0; i < 3; i++) await keys.readAgain();
    expect(logged).toEqual([
      'WELLFORMED_API_KEYS_FILE cannot be used: entry 2 is not NAME:SCOPE+SCOPE:SHA256. The keys stay as they were.',
      expect.stringMatching(
        /^WELLFORMED_API_KEYS_FILE cannot be read: ENOENT.* The keys stay as they were\.$/,
      ),
    ]);
    expect(keys.find('wf_a')).toMatchObject({ name: 'a' });
    writeFileSync(file, entryOf('b', 'wf_b'));
    await keys.readAgain();
    expect(keys.find('wf_b')).toMatchObject({ name: 'b' });
  });

  it('does not start with a file that is missing, wrong, or names a key of the environment', () => {
    const settings = { WELLFORMED_API_KEYS: entryOf('a', 'wf_a'), WELLFORMED_API_KEYS_FILE: file };
    expect(() => keysOf(settings)).toThrow('WELLFORMED_API_KEYS_FILE cannot be read: ENOENT');
    writeFileSync(file, 'wf_secret');
    expect(() => keysOf(settings)).toThrow('entry 1 is not NAME:SCOPE+SCOPE:SHA256');
    writeFileSync(file, `${entryOf('b', 'wf_b')}\n${entryOf('c', 'wf_a')}`);
    expect(() => keysOf(settings)).toThrow('entry 2 stands in WELLFORMED_API_KEYS too');
  });

  it.each([
    ['0.0.0.0', '', 1],
    ['::', '', 1],
    ['127.0.0.1', '', 0],
    ['0.0.0.0', entryOf('a', 'wf_a'), 0],
  ])('warns on %s with keys "%s": %d times', (host, apiKeys, times) => {
    const keys = keysOf({ WELLFORMED_HOST: host, WELLFORMED_API_KEYS: apiKeys });
    keys.onApplicationBootstrap();
    keys.onApplicationShutdown();
    expect(logged.filter((line) => line.includes('Everybody who reaches'))).toHaveLength(times);
  });

  it('knows which addresses only this machine reaches', () => {
    for (const host of ['localhost', '::1', '127.0.0.1', '127.8.8.8']) expect(isLoopback(host)).toBe(true);
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.evil.example', 'example.org'])
      expect(isLoopback(host)).toBe(false);
  });
});

describe('npm run api-key', () => {
  const program = fileURLToPath(compiled(new URL('make-key.ts', import.meta.url)));
  const command = (...args: string[]) => [program, ...args];

  it('makes a key of 256 random bits, and an entry that the settings take', () => {
    const output = execFileSync(process.execPath, command('--name', 'teacher', '--scopes', 'predict,train'), {
      encoding: 'utf8',
    });
    const [, key] = /Key, shown this once: (\S+)/.exec(output)!;
    expect(key).toMatch(/^wf_[\w-]{43}$/);
    const keys = keysOf({ WELLFORMED_API_KEYS: output.trim().split('\n').at(-1)! });
    expect(keys.find(key!)).toMatchObject({ name: 'teacher', scopes: ['predict', 'train'] });
  });

  it.each([
    [[]],
    [['--name', 'x']],
    [['--name', 'a b', '--scopes', 'predict']],
    [['--name', 'x', '--scopes', 'all']],
    [['--nmae', 'x']],
  ])('says how it is used: %j', (args) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, command(...args), { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('Usage: npm run api-key -- --name NAME --scopes SCOPES');
    expect(stdout).toBe('');
  });
});
