import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { ProblemDetails } from '../../api/problem-details.dto.js';
import type { DatasetDto } from '../dto/dataset.dto.js';
import { catalogue, type CatalogueEntry } from './catalogue.js';
import { samples } from './source.js';

// npm run dataset -- NAME …: asks a running service to add data sets of the catalogue.

const usage = `Usage: npm run dataset -- [--url URL] [--key KEY] NAME [NAME …]
  NAME   one of these, or what stands before the slash for all of its parts:
${catalogue.map(({ name, rows, title }) => `           ${name} (${rows} sentences): ${title}`).join('\n')}
  --url  address of the service, http://127.0.0.1:3000 by default
  --key  an API key, where the service asks for one`;

/** An error that is printed without its stack. */
class FailedError extends Error {}

async function main(): Promise<void> {
  const { values, positionals } = parseArguments();
  if (positionals.length === 0) {
    console.log(usage);
    return;
  }
  const entries = positionals.flatMap(entriesOf);
  const licences = new Map(entries.map(({ licence, homepage }) => [licence, homepage]));
  const added: DatasetDto[] = [];
  for (const { name } of entries) {
    const dataset = await add(name, values);
    added.push(dataset);
    const { rows, acceptable, unacceptable, warnings } = dataset;
    console.log(
      `${name} is ${dataset.id}: ${rows} sentences, ${acceptable} acceptable, ${unacceptable} not.`,
    );
    for (const { message } of warnings) console.log(`  ${message}`);
  }
  for (const [licence, homepage] of licences) console.log(`\nLicence: ${licence}\n${homepage}`);
  const [training, validation] = added;
  if (!training || !validation || !entries[0]!.name.endsWith('/train')) return;
  const body = JSON.stringify({
    datasetId: training.id,
    validationDatasetId: validation.id,
    ...(entries[0]!.source.kind === 'shipped' && firstRun()),
  });
  console.log(
    `\nTo train on them:\n  curl -H 'content-type: application/json' -d '${body}' ${values.url}/train`,
  );
}

/** The `POST /train` body that the demo and the page's button also use for the sample. */
function firstRun(): object {
  const text = readFileSync(path.join(samples, 'first-run.json'), 'utf8');
  const { baseModel, hyperparameters } = JSON.parse(text) as { baseModel: string; hyperparameters: object };
  return { baseModel, ...hyperparameters };
}

function parseArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        url: { type: 'string', default: 'http://127.0.0.1:3000' },
        key: { type: 'string' },
      },
    });
  } catch (error) {
    throw new FailedError(`${(error as Error).message}\n${usage}`);
  }
}

function entriesOf(name: string): CatalogueEntry[] {
  const found = catalogue.filter((entry) => entry.name === name || entry.name.startsWith(`${name}/`));
  if (found.length === 0) throw new FailedError(`There is no data set ${name}.\n${usage}`);
  return found;
}

async function add(source: string, { url, key }: { url: string; key?: string }): Promise<DatasetDto> {
  const headers = {
    'content-type': 'application/json',
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
  };
  const body = JSON.stringify({ source });
  const response = await fetch(`${url.replace(/\/+$/, '')}/datasets`, {
    method: 'POST',
    headers,
    body,
  }).catch((error: Error) => {
    const { message } = error.cause instanceof Error && error.cause.message ? error.cause : error;
    throw new FailedError(
      `No service answers at ${url} (${message}). Start one with "npm start", or name another with --url.`,
    );
  });
  const text = await response.text();
  if (response.status === 201) return JSON.parse(text) as DatasetDto;
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json');
  const detail = isProblem ? (JSON.parse(text) as ProblemDetails).detail : 'It is no service of this kind.';
  throw new FailedError(`${url} answered with status ${response.status}. ${detail}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof FailedError ? error.message : error);
  process.exitCode = 1;
});
