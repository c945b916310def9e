import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto, RunDto } from '../packages/client/src/index.js';
import { FileServer } from './support/file-server.js';
import { startServiceProcess, type RunningService } from './support/service-process.js';

const run = promisify(execFile);
const readme = readFileSync('README.md', 'utf8');

/** The commands of a section: its indented lines that begin with a program, with those that continue them. */
function commandsOf(section: string): string[] {
  const [, text] = readme.split(`\n## ${section}\n`);
  const blocks = text!.split('\n## ')[0]!.match(/(?:^ {4}.*\n)+/gm) ?? [];
  return blocks.map((block) => block.replace(/^ {4}/gm, '').trim()).filter((block) => /^[a-z]/.test(block));
}

const hasCurl = spawnSync('curl', ['--version']).status === 0;

// The commands as they stand; only the address, and what is told by "…", is filled in. A tiny model goes by the name of a base model.
describe.skipIf(!hasCurl)('the README', () => {
  let folder: string;
  let service: RunningService;
  let site: FileServer;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'wellformed-readme-'));
    for (const name of ['all-MiniLM-L6-v2', 'bert-base-uncased'])
      cpSync('test/goldens/tiny-bert', path.join(folder, 'base-models', name), { recursive: true });
    site = await FileServer.start();
    service = await startServiceProcess({
      settings: {
        WELLFORMED_BASE_MODELS: path.join(folder, 'base-models'),
        WELLFORMED_COLA_URL: site.url,
      },
    });
  });
  afterAll(async () => {
    await service.stop();
    await site.stop();
    rmSync(folder, { recursive: true });
  });

  /** Runs a command as a reader does, but for the address. */
  async function type(command: string): Promise<string> {
    const dataset = path.resolve('dist/datasets/catalogue/add.js');
    const line = command
      .replace('npm run dataset --', `"${process.execPath}" "${dataset}" --url ${service.url}`)
      .replaceAll('localhost:3000', new URL(service.url).host);
    return (await run('sh', ['-c', line], { cwd: folder })).stdout;
  }

  it('leads from nothing to a judgement', async () => {
    const [addSample, train, watch, ask, ...rest] = commandsOf('First run');
    expect(rest).toEqual([]);
    const printed = await type(addSample!);
    expect(printed).toContain('Licence: CC0');
    const ids = [...printed.matchAll(/ is (ds_\w+):/g)].map(([, id]) => id!);
    expect(ids).toHaveLength(2);
    const filledIn = ids.reduce((command, id) => command.replace('ds_…', id), train!);
    // What is printed is the same command.
    const bodyOf = (text: string) => /-d '(\{.*?\})'/.exec(text)![1];
    expect(bodyOf(printed)).toBe(bodyOf(filledIn));
    // A tiny model learns nothing in many epochs either.
    const { id } = JSON.parse(await type(filledIn.replace(/"epochs":\d+/, '"epochs":1'))) as RunDto;
    let state: RunDto;
    do state = JSON.parse(await type(watch!.replace('run_…', id))) as RunDto;
    while (['queued', 'preparing', 'running'].includes(state.status));
    expect(state.status).toBe('succeeded');
    expect(JSON.parse(await type(ask!))).toEqual({
      acceptable: expect.any(Boolean) as boolean,
      score: expect.any(Number) as number,
      calibratedScore: expect.any(Number) as number,
      truncated: false,
      model: expect.objectContaining({ alias: 'production' }) as object,
    });
  });

  it('says what to do where CoLA cannot be fetched, and that works', async () => {
    const [addCola, upload, ...rest] = commandsOf('CoLA');
    expect(rest).toEqual([]);
    const failed = (await type(addCola!).catch((error: unknown) => error)) as {
      code: number;
      stderr: string;
    };
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('curl -F file=@cola_public/raw/in_domain_train.tsv');
    mkdirSync(path.join(folder, 'cola_public/raw'), { recursive: true });
    writeFileSync(path.join(folder, 'cola_public/raw/in_domain_train.tsv'), 'own1\t1\t\tWe go.\n');
    expect(JSON.parse(await type(upload!))).toMatchObject({
      name: 'in_domain_train',
      rows: 1,
      catalogueEntry: null,
    } satisfies Partial<DatasetDto>);
  });

  it('has only scripts that there are', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
    const named = [...readme.matchAll(/npm (?:run )?([\w:-]+)/g)].map(([, name]) => name!);
    expect(named).toContain('dataset');
    for (const name of named) expect(scripts).toHaveProperty([name]);
  });
});
