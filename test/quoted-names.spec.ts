import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const pages = ['README.md', 'CONTRIBUTING.md', ...filesIn('docs').filter((file) => file.endsWith('.md'))];

/** What the pages quote that is not in the repository, and why. */
const foreign = new Set([
  // Files and names that the program puts together.
  '.engine/bench/',
  '.engine/cuda-*',
  '.engine/tfjs-node-gpu-*',
  'FOLDER.partial-…',
  '_max_seconds',
  'counts.a',
  // Examples.
  '/srv/backups/monday',
  '/tmp/trial',
  'x.spec.ts',
  // Vitest, the system, Docker and Kubernetes.
  '--sequence.seed',
  '--gpus',
  '.env',
  '/proc/PID/task/*/schedstat',
  'OOMKilled',
  'memory.oom.group',
  'org.opencontainers.image.base.name',
  'runtimeClassName',
  // NVIDIA.
  'CUDA_CACHE_MAXSIZE',
  'ldconfig',
  'libnvidia-ml',
  '~/.nv/ComputeCache',
  // OpenTelemetry reads these itself.
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_PROPAGATORS',
  'OTEL_SERVICE_NAME',
  'OTEL_TRACES_SAMPLER',
  'grpc',
  'http/json',
  'http/protobuf',
  'otlp',
  // Libraries that were weighed and not taken.
  '@aws-crypto/crc32c',
  'es-toolkit',
  'p-limit',
  'p-map',
  'p-queue',
  'p-retry',
  'pino',
  'tinyqueue',
  'zlib.crc32',
  // Headers, and a tag of doc comments.
  '@example',
  'Strict-Transport-Security',
  'nosniff',
]);

/** Programs whose arguments are their own. What is ours among them is checked. */
const otherPrograms = /^(curl|docker|kubectl|mvn|pip|apt-get)\b/;

const scripts = Object.keys(
  (JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object }).scripts,
);
const document = JSON.parse(readFileSync('openapi/openapi.json', 'utf8')) as {
  paths: Record<string, Record<string, { parameters?: { name: string; in: string }[] }>>;
};

const tracked = [
  ...readdirSync('.', { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : [])),
  ...[
    '.ci',
    '.github',
    'bench',
    'docs',
    'k8s',
    'openapi',
    'packages',
    'samples',
    'scripts',
    'src',
    'test',
    'web',
  ].flatMap(filesIn),
];
/** Every file and folder, with a slash before and after. */
const places = new Set(tracked.flatMap((file) => foldersOf(file).map((place) => `/${place}/`)));

/** What the program says, without its comments and without the prose of the OpenAPI document. */
const sources = [
  ...tracked
    .filter((file) =>
      /^(src|web|scripts|bench|k8s|samples|packages)\/|^(Dockerfile|compose\.yaml)$/.test(file),
    )
    .filter((file) => /(\.(ts|tsx|mjs|py|json|html|yaml|env)|Dockerfile)$/.test(file))
    .map((file) => withoutComments(readFileSync(file, 'utf8'))),
  readFileSync('package.json', 'utf8'),
  JSON.stringify(document, (key, value: unknown) =>
    ['description', 'summary', 'title'].includes(key) && typeof value === 'string' ? undefined : value,
  ),
].join('\n');

describe('what the pages quote', () => {
  it.each(pages)('exists: %s', (page) => {
    expect(missingIn(page, readFileSync(page, 'utf8'))).toEqual([]);
  });

  it.each([
    ['a command', '`npm run tests`'],
    ['a command in a block of code', '    npm run tests -- src'],
    ['a file that a command runs', '`node bench/no-such-file.mjs --keep`'],
    ['a file that the build makes', '`node dist/no-such-file.js`'],
    ['a file among the arguments of another program', '`docker run wellformed node dist/no-such-file.js`'],
    ['a setting', '`WELLFORMED_PORTS=3000`'],
    ['a setting in a block of code', '    WELLFORMED_PORTS=3000 npm start'],
    ['a metric', '`wellformed_no_such_total`'],
    ['a route', '`POST /predictions`'],
    ['a method of a route', '`DELETE /predict`'],
    ['a parameter of a route', '`GET /models?colour=red`'],
    ['a path of the service', '`/no-such-page`'],
    ['a file', '`kernels/no-such-kernel.ts`'],
    ['a file without its folder', '`no-such-kernel.ts`'],
    ['a folder', '`src/no-such-room/`'],
    ['an identifier', '`FusedKernel`'],
    ['an identifier with its arguments', "`@Wants('train')`"],
    ['an identifier of which only the beginning exists', '`registerKern`'],
    ['a field in JSON', '`{"phrase_": "We go."}`'],
    ['the target of a link', '[a page](docs/no-such-page.md)'],
    ['the heading of a link', '[a heading](docs/glossary.md#no-such-heading)'],
  ])('is missed where it is wrong: %s', (_, text) => {
    expect(missingIn('README.md', text)).not.toEqual([]);
  });

  it('is on the list of foreign names only where it is quoted and not ours', () => {
    const quoted = new Set(pages.flatMap((page) => quotedIn(readFileSync(page, 'utf8'))).flatMap(withParts));
    expect([...foreign].filter((name) => !quoted.has(name) || isOurs(name))).toEqual([]);
  });
});

function missingIn(page: string, text: string): string[] {
  const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, target]) => target!);
  return [
    ...quotedIn(text).filter((name) => !isKnown(name)),
    ...links.filter((target) => !leadsSomewhere(page, target)),
  ];
}

/** The spans in backticks; commands, settings and metrics of ours wherever they stand, in blocks of code too. */
function quotedIn(text: string): string[] {
  const prose = text.replace(/^( *)```[^]*?^\1```/gm, '');
  const spans = [...prose.matchAll(/(`+)(?!`)([^]+?)(?<!`)\1(?!`)/g)].map(([, , span]) => span!.trim());
  const ours = text.match(/\bnpm (run [\w:-]+|start|tests?|ci)\b|\b(WELLFORMED|wellformed)_\w+/g) ?? [];
  return [...new Set([...spans, ...ours].map((name) => name.replace(/\s+/g, ' ')))];
}

function isKnown(name: string): boolean {
  if (foreign.has(name) || isOurs(name)) return true;
  const [, ...parts] = withParts(name);
  return (parts.length > 0 || otherPrograms.test(name)) && parts.every(isKnown);
}

/** A name alone, followed by its parts where it has any: of a command, an assignment, a query, JSON. */
function withParts(name: string): string[] {
  if (/^npm (run )?\S+$|^[A-Z]+ \//.test(name)) return [name];
  const parts = name.split(/[\s=?&,(){}[\]"'|;]+|:(?!\/\/)/).filter((part) => part && part !== name);
  if (!otherPrograms.test(name)) return [name, ...parts.flatMap(withParts)];
  return [name, ...parts.filter((part) => /^WELLFORMED_|^(dist|src|test|scripts|bench|k8s)\//.test(part))];
}

function isOurs(name: string): boolean {
  // Numbers, signs and single letters are values.
  if (!/[A-Za-z]{2}/.test(name) || /^-?\d/.test(name)) return true;
  const [, script] = /^npm (?:run )?(\S+)$/.exec(name) ?? [];
  if (script) return script === 'ci' || (scripts.includes(script) && /^npm (run|start|test)/.test(name));
  const [, method, route] = /^([A-Z]+) (\/\S*)$/.exec(name) ?? [];
  if (route) return isRoute(route, method!.toLowerCase());
  if (isPlace(name)) return true;
  // A file with sources in it has to be there; others may be made by the program, which then names them.
  if (/^[\w./-]+\.(ts|tsx|mjs|py|md)$/.test(name)) return false;
  if (/^(dist|src|test|scripts|bench|k8s)\//.test(name)) return isBuilt(name);
  if (name.startsWith('/') && isRoute(name)) return true;
  const word = name
    .replace(/^(<\w+>|--?)/, '')
    .replace(/[…*].*$/, '')
    .replace(/\/$/, '');
  return isSaid(word, /[…*]/.test(name)) || (name.startsWith('/') && isSaid(word.slice(1)));
}

function isRoute(route: string, method?: string): boolean {
  const [address, query] = route.split('?');
  const found = Object.entries(document.paths).find(([template]) => {
    const pattern = template.replace(/\{\w+\}/g, '[^/]+');
    return new RegExp(`^${pattern}$`).test(address!);
  });
  if (!found) return !method && Object.keys(document.paths).some((path) => path.startsWith(`${address}/`));
  if (method && !(method in found[1])) return false;
  const parameters = Object.values(found[1]).flatMap((operation) => operation.parameters ?? []);
  const asked = query ? [...new URLSearchParams(query).keys()] : [];
  return asked.every((name) => parameters.some((parameter) => parameter.name === name));
}

function isPlace(name: string): boolean {
  const place = name.replace(/^\.?\/|\/$/g, '');
  if (/^src|^test|^scripts|^bench|^k8s/.test(place)) return places.has(`/${place}/`);
  return [...places].some((known) => known.endsWith(`/${place}/`));
}

function isBuilt(name: string): boolean {
  if (name === 'dist/' || name === 'dist/web') return true;
  return places.has(`/${name.replace(/^dist\//, 'src/').replace(/\.js$/, '.ts')}/`);
}

function isSaid(word: string, asBeginning = false): boolean {
  const end = asBeginning ? '' : '(?![\\w-])';
  const isHeader = /^[A-Z]\w*(-[A-Z]\w*)+$/.test(word);
  const pattern = `(?<![\\w-])${word.replace(/[^\w\s]/g, '\\$&')}${end}`;
  return word !== '' && new RegExp(pattern, isHeader ? 'i' : '').test(sources);
}

function leadsSomewhere(page: string, target: string): boolean {
  const [file, heading] = target.split('#');
  const place = file ? path.join(path.dirname(page), file) : page;
  if (!places.has(`/${place.replace(/\/$/, '')}/`)) return false;
  if (!heading) return true;
  const headings = [...readFileSync(place, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
    anchorOf(text!),
  );
  return headings.includes(heading);
}

/** As GitHub names the anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => path.posix.join(folder, file.split(path.sep).join('/')))
    .filter((file) => !file.includes('/node_modules/') && statSync(file).isFile());
}

function foldersOf(file: string): string[] {
  const parts = file.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[^]*?\*\//g, '').replace(/^\s*(\/\/|#).*$/gm, '');
}
