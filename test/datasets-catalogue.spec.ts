import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetDto } from '../packages/client/src/index.js';
import { catalogue, type CatalogueEntry } from '../src/datasets/catalogue/catalogue.js';
import { CATALOGUE } from '../src/datasets/catalogue/catalogue.service.js';
import { FileServer } from './support/file-server.js';
import { formOf, problemOf } from './support/http.js';
import { namesIn, removeFolders, startService, until, type Service } from './support/service.js';
import { zip } from './support/zip-writer.js';

/** In the form of CoLA; its own rows are not ours to keep. */
const file = 'own1\t1\t\tWe go.\nown1\t0\t*\tWe goes.\nown2\t1\t\tThey sing.';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const entry: CatalogueEntry = {
  ...catalogue.find(({ name }) => name === 'cola/train')!,
  name: 'own/train',
  rows: 3,
  contentHash: sha256('1\tWe go.\n0\tWe goes.\n1\tThey sing.\n'),
  source: { kind: 'zip', member: 'own/raw/rows.tsv', bytes: Buffer.byteLength(file), sha256: sha256(file) },
};

let service: Service;
let server: FileServer;
beforeAll(async () => {
  server = await FileServer.start();
  service = await startService(undefined, {
    WELLFORMED_COLA_URL: server.url,
    WELLFORMED_MAX_UPLOAD_BYTES: '400000',
  });
  service.app.get<CatalogueEntry[]>(CATALOGUE).push(entry);
});
afterAll(async () => {
  service.app.get<CatalogueEntry[]>(CATALOGUE).pop();
  await service.stop();
  await server.stop();
  removeFolders();
});

const add = (source: string, more: { name?: string } = {}) => service.client.addDataset(source, more);
const refusal = async (status: number, body: unknown) =>
  service.client.problem(status, 'POST', '/datasets', body);
const stored = () => namesIn(service, 'datasets').length;
const staged = () => readdirSync(path.join(service.folder, 'staging'));

describe('the catalogue of data sets', () => {
  it('tells what there is, under which terms, and what must be downloaded', async () => {
    const { items } = await service.client.api.datasets.listCatalogue();
    expect(items.map(({ name, needsDownload, rows }) => [name, needsDownload, rows])).toEqual([
      ['sample/train', false, 1776],
      ['sample/validation', false, 444],
      ['cola/train', true, 8551],
      ['cola/in-domain-dev', true, 527],
      ['cola/out-of-domain-dev', true, 516],
      ['own/train', true, 3],
    ]);
    for (const { licence, homepage } of items) {
      expect(licence).toMatch(/\w{3}/);
      expect(homepage).toMatch(/^https:/);
    }
    expect(items[2]).not.toHaveProperty('source');
  });

  it.each([
    ['sample/train', 'sample-training.tsv'],
    ['sample/validation', 'sample-validation.tsv'],
  ])('adds %s, which comes with the project, as an upload of its file does', async (source, name) => {
    const requests = server.requests;
    const added = await add(source);
    const content = readFileSync(path.join('samples', name));
    const response = await service.client.request('POST', '/datasets', formOf(content, {}, name));
    const uploaded = (await response.json()) as DatasetDto;
    const { id: _id, createdAt: _at, name: addedName, ...same } = added;
    expect(uploaded).toMatchObject(same);
    expect(addedName).toBe(source);
    expect(added.catalogueEntry).toMatchObject({ name: source, rows: added.rows });
    expect(added.catalogueEntry!.licence).toContain('CC0');
    expect(server.requests).toBe(requests);
  });

  it('fetches a part of an archive, each time anew', async () => {
    server.give(zip([{ name: 'own/raw/rows.tsv', data: Buffer.from(file) }]));
    const before = server.requests;
    const response = await service.client.request('POST', '/datasets', { source: 'own/train', name: 'Mine' });
    expect(response.status).toBe(201);
    const dataset = (await response.json()) as DatasetDto;
    expect(response.headers.get('location')).toBe(`/datasets/${dataset.id}`);
    expect(dataset).toMatchObject({
      name: 'Mine',
      originalFileName: 'rows.tsv',
      rows: 3,
      acceptable: 2,
      contentHash: entry.contentHash,
      statistics: { format: 'cola' },
    });
    const { items } = await service.client.api.datasets.rows({ path: { id: dataset.id } });
    expect(items[1]).toEqual({ row: 2, label: 0, sentence: 'We goes.', source: 'own1', mark: '*' });
    expect((await add('own/train')).id).not.toBe(dataset.id);
    expect(server.requests).toBe(before + 2);
  });

  it('says how to go on by hand where the archive cannot be had, or is another one', async () => {
    const before = stored();
    for (const archive of [zip([]), Buffer.from('Please log in.')]) {
      server.give(archive);
      const { detail } = await refusal(503, { source: 'cola/in-domain-dev' });
      expect(detail).toContain(server.url);
      expect(detail).toContain('download the archive from https://nyu-mll.github.io/CoLA/ by hand');
      expect(detail).toContain('curl -F file=@cola_public/raw/in_domain_dev.tsv');
      expect(detail).toContain('WELLFORMED_COLA_URL');
    }
    server.answer = (response) => response.writeHead(404).end();
    expect((await refusal(503, { source: 'cola/train' })).detail).toContain('status 404');
    // Of the right size, and with other rows.
    const changed = file.replace('sing', 'sang');
    server.give(zip([{ name: 'own/raw/rows.tsv', data: Buffer.from(changed) }]));
    expect((await refusal(503, { source: 'own/train' })).detail).toContain(sha256(changed));
    expect([stored(), staged()]).toEqual([before, []]);
  });

  it('refuses names that it does not have, and names those that could be meant', async () => {
    const told = async (body: unknown) => (await refusal(422, body)).errors![0];
    expect(await told({ source: 'cola/trian' })).toEqual({
      pointer: '#/source',
      message: 'The catalogue has no data set "cola/trian". Did you mean cola/train?',
    });
    expect((await told({ source: 'sample' }))!.message).toMatch(
      /mean sample\/train or sample\/validation\?$/,
    );
    expect((await told({ source: 'penn-treebank' }))!.message).toMatch(/It has sample\/train, .*cola\/train/);
    expect((await told({ source: '../samples/README.md' }))!.message).toContain('has no data set');
    expect(await told({})).toMatchObject({ pointer: '#/source' });
    expect(await told({ source: 'cola/train', name: '' })).toMatchObject({ pointer: '#/name' });
    expect((await told({ sorce: 'x' }))!.message).toContain('Did you mean source?');
  });

  it('ends the download when the client goes away', async () => {
    const before = stored();
    const { cutOff, requests } = server;
    server.answer = (response) => void response.writeHead(200).write('PK');
    const client = new AbortController();
    const url = `${await service.app.getUrl()}/datasets`;
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ source: 'cola/train' });
    const request = fetch(url, { method: 'POST', headers, body, signal: client.signal });
    await until(async () => server.requests > requests);
    client.abort();
    await expect(request).rejects.toThrow();
    await until(async () => server.cutOff > cutOff);
    expect([stored(), staged()]).toEqual([before, []]);
  });

  it('holds to the limit of uploads', async () => {
    const large = { ...entry, name: 'own/large', source: { kind: 'zip', member: 'l', bytes: 400_001 } };
    const data = Buffer.alloc(400_001, 'x');
    const source = { ...large.source, sha256: createHash('sha256').update(data).digest('hex') };
    const entries = service.app.get<CatalogueEntry[]>(CATALOGUE);
    entries.unshift({ ...large, source } as CatalogueEntry);
    server.give(zip([{ name: 'l', data }]));
    const { detail } = await refusal(413, { source: 'own/large' }).finally(() => entries.shift());
    expect(detail).toContain('WELLFORMED_MAX_UPLOAD_BYTES');
  });
});

describe('a service that is stopped', () => {
  it('does not wait for a download', async () => {
    const ending = await startService(undefined, { WELLFORMED_COLA_URL: server.url });
    const { requests } = server;
    server.answer = () => undefined;
    const answer = ending.client.request('POST', '/datasets', { source: 'cola/train' });
    await until(async () => server.requests > requests);
    const stopped = ending.stop();
    expect((await problemOf(await answer, 503)).detail).toContain('is shutting down');
    await stopped;
  });
});
