import { createSecretKey, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { IsIn, ValidateBy, type ValidationArguments } from 'class-validator';
import { hostOf, isPublicAddress } from '../common/public-address.js';
import { HttpSettings } from './http-settings.js';
import { list, Setting, text } from './setting.js';

const makeOne = `node -p "'whsec_' + crypto.randomBytes(32).toString('base64')" makes one`;

function urlProblem({ webhookUrl: text, webhookAllowPrivate }: WebhookSettings): string | undefined {
  if (text === 'none') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.hash)
    return 'must be none, or an http or https address without a password and without a fragment (#)';
  // A host name is looked up only when something is sent.
  const host = hostOf(url);
  if (isIP(host) && !isPublicAddress(host) && webhookAllowPrivate !== true)
    return 'has a private address. Set WELLFORMED_WEBHOOK_ALLOW_PRIVATE=true if the service may send there';
  return undefined;
}

/**
 * Parses secrets to key objects, which never print their content.
 * @returns the keys, or what is wrong
 */
function parseSecrets(texts: readonly string[]): KeyObject[] | string {
  const keys: KeyObject[] = [];
  for (const secret of texts) {
    const [, base64 = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
    const key = Buffer.from(base64, 'base64');
    if (key.length < 24 || key.length > 64 || key.toString('base64') !== base64) {
      return `must be whsec_ and 24 to 64 random bytes in base64; ${makeOne}`;
    }
    keys.push(createSecretKey(key));
  }
  return keys;
}

function secretsProblem({ webhookUrl, webhookSecrets }: WebhookSettings): string | undefined {
  if (typeof webhookSecrets === 'string') return webhookSecrets;
  if (webhookUrl === 'none' || webhookSecrets.length > 0) return undefined;
  return `must be set if WELLFORMED_WEBHOOK_URL is: receivers check by it who sent a message; ${makeOne}`;
}

/** Validates a setting with a function that returns what is wrong, or undefined. */
function Judged(problemOf: (settings: WebhookSettings) => string | undefined): PropertyDecorator {
  const problem = (args?: ValidationArguments) => problemOf(args!.object as WebhookSettings);
  return ValidateBy({
    name: problemOf.name,
    validator: {
      validate: (_value, args) => problem(args) === undefined,
      defaultMessage: (args) => problem(args)!,
    },
  });
}

/** Where messages go when a run ends, and how they are signed. */
export class WebhookSettings extends HttpSettings {
  @Setting('WELLFORMED_WEBHOOK_URL', {
    default: 'none',
    description:
      'Address that gets a signed POST when a run ends ([webhooks.md](webhooks.md)): http or https. none: no webhooks.',
    parse: text,
    // Many webhook addresses have a token in their path or query.
    secret: true,
  })
  @Judged(urlProblem)
  webhookUrl!: string;

  @Setting('WELLFORMED_WEBHOOK_SECRET', {
    default: '',
    description:
      'Secret that signs webhooks: `whsec_` and 24 to 64 random bytes in base64. While you replace a secret, give the new and ' +
      'the old one, separated by a comma.',
    parse: (value) => parseSecrets(list(value)),
    secret: true,
  })
  @Judged(secretsProblem)
  webhookSecrets!: readonly KeyObject[];

  @Setting('WELLFORMED_WEBHOOK_ALLOW_PRIVATE', {
    default: 'false',
    description:
      'Whether webhooks may go to private, loopback, link-local and other special addresses: true or false.',
    parse: (value) => (value === 'true' ? true : value === 'false' ? false : value),
  })
  @IsIn([true, false], { message: 'must be true or false' })
  webhookAllowPrivate!: boolean;
}
