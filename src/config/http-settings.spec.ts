import { describe, expect, it } from 'vitest';
import { settingsProblems } from '../../test/support/settings.js';
import { readSettings } from './read-settings.js';

const sum = 'ab'.repeat(32);

describe('the settings of the HTTP server', () => {
  it('read what is set', () => {
    const { settings } = readSettings({
      WELLFORMED_API_KEYS: ` pupil:predict:${sum.toUpperCase()} , head:train+admin:${'0'.repeat(64)},`,
      WELLFORMED_API_KEYS_FILE: '/run/secrets/keys',
      WELLFORMED_PUBLIC: 'metrics, docs',
      WELLFORMED_METRICS_PORT: '9464',
      WELLFORMED_RATE_LIMIT: '600',
      WELLFORMED_TRUST_PROXY: '10.0.0.0/8, ::1, loopback',
      WELLFORMED_CORS_ORIGINS: 'https://app.example,http://localhost:8080',
      WELLFORMED_HOST_NAMES: 'App.Example, wf',
      WELLFORMED_CLIENT_TIMEOUT: '2 min',
      WELLFORMED_MAX_CONNECTIONS: '100',
    });
    expect(settings).toMatchObject({
      apiKeys: [
        { name: 'pupil', scopes: ['predict'], sha256: sum },
        { name: 'head', scopes: ['train', 'admin'], sha256: '0'.repeat(64) },
      ],
      apiKeysFile: '/run/secrets/keys',
      publicAreas: ['metrics', 'docs'],
      metricsPort: 9464,
      rateLimit: 600,
      trustProxy: ['10.0.0.0/8', '::1', 'loopback'],
      corsOrigins: ['https://app.example', 'http://localhost:8080'],
      hostNames: ['app.example', 'wf'],
      clientTimeout: 120_000,
      maxConnections: 100,
    });
    expect(readSettings({ WELLFORMED_PUBLIC: 'none' }).settings.publicAreas).toEqual([]);
    expect(readSettings({ WELLFORMED_HOST_NAMES: 'any' }).settings.hostNames).toBe('any');
    expect(readSettings({ WELLFORMED_HOST_NAMES: 'none' }).settings.hostNames).toEqual([]);
    expect(readSettings({ WELLFORMED_CORS_ORIGINS: '*' }).settings.corsOrigins).toEqual(['*']);
  });

  it.each([
    ['wf_secretsecretsecret', 'entry 1 is not NAME:SCOPE+SCOPE:SHA256'],
    ['pupil:predict:wf_secretsecretsecret', 'entry 1 has no SHA-256'],
    [`wf_secretsecretsecret:predict:${sum}`, 'entry 1 has a name that is not'],
    [
      `pupil:wf_secretsecretsecret:${sum}`,
      'entry 1 has a scope that is none of predict, train, metrics, admin',
    ],
    [`a:predict:${sum},b:predict:${sum}`, 'entry 2 is the key of an earlier one'],
    [`a:predict:${sum},a:predict:${'0'.repeat(64)}`, 'entry 2 has the name of an earlier one'],
  ])('tell of an entry that is wrong without repeating what may be a key: %s', (keys, problem) => {
    const [told] = settingsProblems({ WELLFORMED_API_KEYS: keys });
    expect(told).toContain(`WELLFORMED_API_KEYS cannot be used: ${problem}`);
    expect(told).toContain('npm run api-key');
    expect(told).not.toContain('secret');
    expect(told).not.toContain(sum);
  });

  it.each([
    ['WELLFORMED_PUBLIC', 'docs,models'],
    ['WELLFORMED_METRICS_PORT', '70000'],
    ['WELLFORMED_RATE_LIMIT', '-1'],
    ['WELLFORMED_RATE_LIMIT', '10/s'],
    ['WELLFORMED_TRUST_PROXY', 'true'],
    ['WELLFORMED_TRUST_PROXY', '10.0.0.0/33'],
    ['WELLFORMED_TRUST_PROXY', '10.0.0.0/'],
    ['WELLFORMED_CORS_ORIGINS', 'app.example'],
    ['WELLFORMED_CORS_ORIGINS', 'https://app.example/'],
    ['WELLFORMED_CORS_ORIGINS', 'https://*.example'],
    ['WELLFORMED_CORS_ORIGINS', 'null'],
    ['WELLFORMED_HOST_NAMES', 'http://app.example'],
    ['WELLFORMED_HOST_NAMES', 'app.example:80'],
    ['WELLFORMED_HOST_NAMES', '*.example'],
    ['WELLFORMED_CLIENT_TIMEOUT', '0'],
    ['WELLFORMED_MAX_CONNECTIONS', '0'],
  ])('refuse %s=%s', (variable, value) => {
    expect(settingsProblems({ [variable]: value })).toEqual([
      expect.stringMatching(new RegExp(`^${variable} must be .*; it is "`)),
    ]);
  });
});
