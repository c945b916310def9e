import { isIP } from 'node:net';
import {
  IsInt,
  IsNotEmpty,
  Max,
  Min,
  Validate,
  ValidateIf,
  ValidatorConstraint,
  type ValidationArguments,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { parseApiKeys, type ApiKeyEntry } from './api-key-list.js';
import { Between, duration, integer, list, Setting, text } from './setting.js';

/** Areas that the settings can open to requests without a key. `/health` never needs one. */
export const publicAreas = ['docs', 'metrics'] as const;

export type PublicArea = (typeof publicAreas)[number];

/** The parser returns a list of keys, or a text that says what is wrong. */
@ValidatorConstraint()
class IsApiKeyList implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return Array.isArray(value);
  }

  defaultMessage({ value }: ValidationArguments): string {
    return `cannot be used: ${value}. npm run api-key -- --name NAME --scopes predict makes a key and prints its entry`;
  }
}

@ValidatorConstraint()
class IsEach implements ValidatorConstraintInterface {
  validate(value: readonly string[], { constraints }: ValidationArguments): boolean {
    return value.every(constraints[0] as (item: string) => boolean);
  }
}

/** Also accepts the range names `loopback`, `linklocal` and `uniquelocal`. */
function isAddressRange(range: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(range)) return true;
  const [address = '', bits, ...rest] = range.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

function isHostName(name: string): boolean {
  return (
    name.length <= 253 && name.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
  );
}

function isOrigin(origin: string): boolean {
  if (origin === '*') return true;
  return /^https?:\/\/[^*]+$/.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin;
}

/** Address, access rules and time limits of the HTTP server. */
export class HttpSettings {
  @Setting('WELLFORMED_HOST', {
    default: '127.0.0.1',
    description: 'Address to listen on. A container sets 0.0.0.0.',
    parse: text,
  })
  @IsNotEmpty({ message: 'must be an address or a host name' })
  host!: string;

  @Setting('WELLFORMED_PORT', {
    default: '3000',
    description: 'Port to listen on. 0 takes any free port.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must be at least 0' })
  @Max(65535, { message: 'must be at most 65535' })
  port!: number;

  @Setting('WELLFORMED_METRICS_PORT', {
    default: 'none',
    description:
      'A second port that serves `/metrics` only, without a key. The first port then has no metrics. 0 takes any free port.',
    parse: (value) => (value === 'none' ? value : integer(value)),
  })
  @ValidateIf(({ metricsPort }: HttpSettings) => metricsPort !== 'none')
  @IsInt({ message: 'must be none or a whole number from 0 to 65535' })
  @Between(0, 65535, 'must be none or a whole number from 0 to 65535')
  metricsPort!: number | 'none';

  @Setting('WELLFORMED_API_KEYS', {
    default: '',
    description:
      'API keys: entries `NAME:SCOPE+SCOPE:SHA256` separated by commas, as `npm run api-key` prints them. The scopes are ' +
      'predict, train, metrics and admin ([security.md](security.md)). Without an entry here or in the file, the service ' +
      'asks for no key.',
    parse: (value) => parseApiKeys(list(value)),
    secret: true,
  })
  @Validate(IsApiKeyList)
  apiKeys!: readonly ApiKeyEntry[];

  @Setting('WELLFORMED_API_KEYS_FILE', {
    default: '',
    description:
      'File with more API keys, one entry per line. `#` begins a comment. The service reads the file again when it changes.',
    parse: text,
  })
  apiKeysFile!: string;

  @Setting('WELLFORMED_PUBLIC', {
    default: 'docs',
    description:
      'What needs no key even if the service has keys: docs (`/docs` and `/openapi.json`), metrics, both separated by a ' +
      'comma, or none. `/health` never needs a key.',
    parse: list,
  })
  @Validate(IsEach, [(item: string) => publicAreas.some((area) => area === item)], {
    message: 'must be docs, metrics, both with a comma between them, or none',
  })
  publicAreas!: readonly PublicArea[];

  @Setting('WELLFORMED_RATE_LIMIT', {
    default: '0',
    description:
      'Largest number of requests per minute from one key, or from one address without a key. Further requests get a 429. 0: ' +
      'no limit.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number, 0 for no limit' })
  @Min(0, { message: 'must be a whole number, 0 for no limit' })
  rateLimit!: number;

  @Setting('WELLFORMED_TRUST_PROXY', {
    default: 'none',
    description:
      'Proxies whose `X-Forwarded-For` the service believes: addresses or ranges (10.0.0.0/8, loopback, linklocal, ' +
      'uniquelocal) separated by commas.',
    parse: list,
  })
  @Validate(IsEach, [isAddressRange], {
    message: 'must be none, or addresses and ranges such as 10.0.0.0/8, loopback or uniquelocal',
  })
  trustProxy!: readonly string[];

  @Setting('WELLFORMED_CORS_ORIGINS', {
    default: 'none',
    description:
      'Sites whose pages may call the service from a browser: origins (https://app.example) separated by commas, or `*`.',
    parse: list,
  })
  @Validate(IsEach, [isOrigin], {
    message: 'must be none, *, or origins such as https://app.example, without a path or a slash at the end',
  })
  corsOrigins!: readonly string[];

  @Setting('WELLFORMED_HOST_NAMES', {
    default: 'auto',
    description:
      'Names that the service answers to (`Host`), besides localhost and addresses: names separated by commas, any, none, or ' +
      'auto. auto: any name if the service asks for API keys or listens on more than loopback, else none ' +
      '([security.md](security.md)).',
    parse: (value) => (value === 'auto' || value === 'any' ? value : list(value.toLowerCase())),
  })
  @ValidateIf(({ hostNames }: HttpSettings) => Array.isArray(hostNames))
  @Validate(IsEach, [isHostName], {
    message: 'must be auto, any, none, or names such as wellformed.example.org, without a port',
  })
  hostNames!: 'auto' | 'any' | readonly string[];

  @Setting('WELLFORMED_CLIENT_TIMEOUT', {
    default: '60 s',
    description:
      'Time that a client may take to send the headers of a request, and to send a body. A body gets one more second for ' +
      'each KiB that arrives. Also the time that a client may read nothing of an answer. Streams of sentences have their own ' +
      'timeout.',
    parse: duration,
  })
  @Between(100, 3_600_000, 'must be a time from 100 ms to 60 min, such as 60 s')
  clientTimeout!: number;

  @Setting('WELLFORMED_MAX_CONNECTIONS', {
    default: '16384',
    description:
      'Largest number of connections at a time. Further connections are closed at once, so that the service can still open ' +
      'files. The number is lower if the limit of open files leaves less room.',
    parse: integer,
  })
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  maxConnections!: number;

  @Setting('WELLFORMED_SHUTDOWN_DELAY', {
    default: '0',
    description:
      'How long the service still takes requests after SIGTERM. Meanwhile `/health/ready` answers 503, and answers close their ' +
      'connections. Set it to the time in which load balancers notice that.',
    parse: duration,
  })
  @Between(0, 600_000, 'must be a time from 0 to 10 min, such as 5 s')
  shutdownDelay!: number;

  @Setting('WELLFORMED_SHUTDOWN_GRACE', {
    default: '30 s',
    description:
      'Time that requests under way, and the current training step, get to finish after the delay. Then they are cut off. ' +
      'Set the kill timeout of your process manager to the delay plus the grace period plus 10 seconds.',
    parse: duration,
  })
  @Between(0, 3_600_000, 'must be a time from 0 to 60 min, such as 30 s')
  shutdownGrace!: number;
}
