import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileServer } from '../../../test/support/file-server.js';
import { zip, type ZipMember as Member } from '../../../test/support/zip-writer.js';
import type { ZipMember } from './catalogue.js';
import { readSource, SourceError, type DownloadOptions } from './source.js';

const rows = Buffer.from('own1\t1\t\tWe go.\nown1\t0\t*\tWe goes.\n');
const name = 'cola_public/raw/rows.tsv';
const source: ZipMember = {
  kind: 'zip',
  member: name,
  bytes: rows.length,
  sha256: createHash('sha256').update(rows).digest('hex'),
};
const other: Member = { name: 'cola_public/README', data: Buffer.from('Read me.') };

let server: FileServer;
beforeAll(async () => {
  server = await FileServer.start();
});
afterAll(() => server.stop());

const read = (options: Partial<DownloadOptions> = {}) =>
  readSource(source, { colaUrl: server.url, signal: new AbortController().signal, ...options });

describe('readSource', () => {
  it('gives one file of the archive', async () => {
    server.give(zip([other, { name, data: rows }]));
    expect(await read()).toEqual(rows);
  });

  it.each<[string, () => Buffer, RegExp]>([
    [
      'another file under the name',
      () => zip([{ name, data: Buffer.from(rows).fill('x', 9, 12) }]),
      /sha256/,
    ],
    ['an archive without the file', () => zip([other]), /has no cola_public\/raw\/rows\.tsv/],
    ['a larger file', () => zip([{ name, data: Buffer.concat([rows, rows]) }]), /of \d+ bytes/],
    [
      'a file that unpacks to more than it says',
      () => zip([{ name, data: Buffer.concat([rows, rows]), claimedSize: rows.length }]),
      /cannot be read/,
    ],
    ['an encrypted file', () => zip([{ name, data: rows, encrypted: true }]), /has no/],
    ['what is no archive', () => Buffer.from('<html>Please log in</html>'), /archive cannot be read/],
    ['nothing', () => Buffer.alloc(0), /archive cannot be read/],
    [
      'more members than it looks at',
      () => zip(Array.from({ length: 1001 }, (_, i) => ({ name: `f${i}`, data: rows }))),
      /more than 1000 members/,
    ],
    ['more than it may have', () => Buffer.alloc(5 * 2 ** 20), /more than the 4194304 bytes/],
  ])('refuses %s', async (_what, file, message) => {
    server.give(file());
    const refusal = read();
    await expect(refusal).rejects.toThrow(SourceError);
    await expect(refusal).rejects.toThrow(message);
  });

  it('says why a server gives nothing', async () => {
    server.answer = (response) => response.writeHead(503).end('busy');
    await expect(read()).rejects.toThrow(new SourceError('the server answered with status 503'));
    server.answer = () => undefined;
    await expect(read({ answerTimeoutMs: 100 })).rejects.toThrow(new SourceError('no answer within 0.1 s'));
    server.answer = (response) => void response.writeHead(200).write('PK');
    await expect(read({ timeoutMs: 200 })).rejects.toThrow(new SourceError('it did not arrive within 0.2 s'));
    server.answer = (response) => response.destroy();
    await expect(read()).rejects.toThrow(SourceError);
    await expect(read({ colaUrl: 'http://127.0.0.1:1/x.zip' })).rejects.toThrow(SourceError);
  });

  it('ends a download when it is told to, and not as a failure of the source', async () => {
    const stop = new AbortController();
    server.answer = (response) => {
      response.writeHead(200).write('PK');
      setTimeout(() => stop.abort(new Error('enough')), 20);
    };
    await expect(read({ signal: stop.signal })).rejects.toThrow(new Error('enough'));
  });
});
