import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { settingsProblems } from '../../test/support/settings.js';
import { readSettings } from './read-settings.js';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const other = `whsec_${Buffer.alloc(24, 8).toString('base64')}`;

describe('the settings of webhooks', () => {
  it('are off', () => {
    const { settings } = readSettings({});
    expect(settings).toMatchObject({ webhookUrl: 'none', webhookSecrets: [], webhookAllowPrivate: false });
  });

  it('read what is set, and print no secret', () => {
    const { settings } = readSettings({
      WELLFORMED_WEBHOOK_URL: 'https://hooks.example/a?b=c',
      WELLFORMED_WEBHOOK_SECRET: `${secret}, ${other}`,
      WELLFORMED_WEBHOOK_ALLOW_PRIVATE: 'true',
    });
    expect(settings.webhookUrl).toBe('https://hooks.example/a?b=c');
    expect(settings.webhookSecrets.map((key) => key.export().length)).toEqual([32, 24]);
    expect(settings.webhookAllowPrivate).toBe(true);
    const printed = inspect(settings, { depth: 9 }) + JSON.stringify(settings);
    expect(printed).not.toContain(secret.slice('whsec_'.length));
    expect(printed).not.toContain(Buffer.alloc(32, 7).toString('hex').slice(0, 8));
    expect(printed).not.toContain('7,7,7');
  });

  it.each([
    'hooks.example/a',
    'ftp://hooks.example/',
    'https://user:password@hooks.example/',
    'https://hooks.example/#a',
  ])('refuse the address %s without repeating it', (url) => {
    expect(settingsProblems({ WELLFORMED_WEBHOOK_URL: url, WELLFORMED_WEBHOOK_SECRET: secret })).toEqual([
      'WELLFORMED_WEBHOOK_URL must be none, or an http or https address without a password and without a fragment (#).',
    ]);
  });

  it.each(['http://127.0.0.1:8080/', 'http://[::1]/', 'http://10.0.0.1/', 'http://2130706433/'])(
    'take the private address %s only if that is allowed',
    (url) => {
      const environment = { WELLFORMED_WEBHOOK_URL: url, WELLFORMED_WEBHOOK_SECRET: secret };
      expect(settingsProblems(environment)).toEqual([
        'WELLFORMED_WEBHOOK_URL has a private address. Set WELLFORMED_WEBHOOK_ALLOW_PRIVATE=true if the service may send there.',
      ]);
      expect(settingsProblems({ ...environment, WELLFORMED_WEBHOOK_ALLOW_PRIVATE: 'true' })).toEqual([]);
    },
  );

  it.each([
    secret.slice('whsec_'.length),
    `${secret}!`,
    secret.replace('=', ''),
    `whsec_${Buffer.alloc(23, 1).toString('base64')}`,
    `whsec_${Buffer.alloc(65, 1).toString('base64')}`,
    `${secret},whsec_short`,
    'whsk_abc',
  ])('refuse the secret %s without repeating it, and say how to make one', (text) => {
    const [problem, ...more] = settingsProblems({ WELLFORMED_WEBHOOK_SECRET: text });
    expect(more).toEqual([]);
    expect(problem).toContain(
      'WELLFORMED_WEBHOOK_SECRET must be whsec_ and 24 to 64 random bytes in base64; node -p',
    );
    expect(problem).not.toContain(text);
  });

  it('ask for a secret where there is an address', () => {
    expect(settingsProblems({ WELLFORMED_WEBHOOK_URL: 'https://hooks.example/' })[0]).toContain(
      'WELLFORMED_WEBHOOK_SECRET must be set if WELLFORMED_WEBHOOK_URL is',
    );
  });

  it('refuse what is neither true nor false', () => {
    expect(settingsProblems({ WELLFORMED_WEBHOOK_ALLOW_PRIVATE: 'yes' })).toEqual([
      'WELLFORMED_WEBHOOK_ALLOW_PRIVATE must be true or false; it is "yes".',
    ]);
  });
});
