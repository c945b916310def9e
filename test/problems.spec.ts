import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemOf } from './support/http.js';
import { removeFolders, startService, type Service } from './support/service.js';

describe('errors', () => {
  let service: Service;
  let url: string;
  beforeAll(async () => {
    service = await startService(undefined, { WELLFORMED_MAX_BODY_BYTES: '10000' });
    url = await service.app.getUrl();
  });
  afterAll(async () => {
    await service.stop();
    removeFolders();
  });

  const send = (method: string, path: string, body?: string, contentType?: string) =>
    fetch(url + path, { method, body, headers: contentType ? { 'content-type': contentType } : {} });

  it('tells of an unknown path', async () => {
    const problem = await problemOf(await send('GET', '/nowhere?x=1'), 404);
    expect(problem.detail).toContain('/docs');
    await problemOf(await send('GET', '/docs/nowhere.css'), 404);
  });

  it('tells of a method that a path does not take', async () => {
    const response = await send('PATCH', '/datasets/ds_1');
    expect(response.headers.get('allow')).toBe('DELETE, GET, HEAD');
    expect((await problemOf(response, 405)).detail).toContain('does not take PATCH, only DELETE, GET, HEAD');
  });

  it('tells of a wrong method before what else is wrong', async () => {
    // Such a request must have a content type, by HTTP's own rules.
    const response = await send('QUERY', '/models');
    expect(response.headers.get('allow')).toBe('GET, HEAD');
    expect((await problemOf(response, 405)).detail).toContain('does not take QUERY');
  });

  it('tells of an address that is malformed', async () => {
    await problemOf(await send('GET', '/datasets/%zz'), 400);
    const query = await problemOf(await send('GET', '/datasets?cursor=caf%E9'), 400);
    expect(query.detail).toContain('The query of the address is malformed');
    const long = await problemOf(await send('GET', `/datasets/${'x'.repeat(200)}`), 414);
    expect(long.detail).toBe('A part of the path is too long.');
  });

  it('tells of an id that does not exist, whatever it looks like', async () => {
    for (const id of ['ds_1', '..%2f..%2fetc', '%00', 'x'.repeat(90)]) {
      const problem = await problemOf(await send('GET', `/datasets/${id}`), 404);
      expect(problem.detail).toContain('There is no data set');
    }
  });

  it('tells of a query that is wrong, all at once', async () => {
    const problem = await problemOf(await send('GET', '/datasets?limit=101&cursor=x&limt=3'), 422);
    expect(problem.errors).toEqual([
      { parameter: 'limt', message: 'limt is not a known field. Did you mean limit?' },
      { parameter: 'limit', message: 'limit must be a whole number from 1 to 100' },
      { parameter: 'cursor', message: 'cursor must be the nextCursor of an earlier page, unchanged' },
    ]);
    const word = await problemOf(await send('GET', '/datasets?limit=abc'), 422);
    expect(word.detail).toBe('The query is not valid: limit must be a whole number from 1 to 100');
    await problemOf(await send('GET', '/datasets?limit=3&limit=4'), 422);
    for (const name of ['constructor', 'toString', '__proto__']) {
      const { errors } = await problemOf(await send('GET', `/datasets?${name}=1`), 422);
      expect(errors).toMatchObject([{ parameter: name }]);
    }
    await problemOf(await send('GET', '/datasets?limit=1e1000'), 422);
  });

  it('tells of JSON that is broken, or too long', async () => {
    const broken = await problemOf(
      await send('PUT', '/aliases/production', '{"modelId": ', 'application/json'),
      400,
    );
    expect(broken.detail).toContain('not valid JSON: line 1, column 13: expected a value');
    const empty = await problemOf(await send('PUT', '/aliases/production', '', 'application/json'), 400);
    expect(empty.detail).toContain('The body is empty');
    const poisoned = '{"__proto__": {"modelId": "x"}, "constructor": 1, "modelId": "mdl_1"}';
    const strange = await problemOf(
      await send('PUT', '/aliases/production', poisoned, 'application/json'),
      422,
    );
    expect(strange.errors).toMatchObject([{ pointer: '#/__proto__' }, { pointer: '#/constructor' }]);
    const long = await problemOf(
      await send('PUT', '/aliases/production', `"${'x'.repeat(1_000_000)}"`, 'application/json'),
      413,
    );
    expect(long.detail).toContain('WELLFORMED_MAX_BODY_BYTES');
  });

  it('tells of a body that is no object', async () => {
    for (const body of ['3', '[]', 'null', '"text"']) {
      const problem = await problemOf(
        await send('PUT', '/aliases/production', body, 'application/json'),
        422,
      );
      expect(problem.detail).toContain('JSON object');
    }
  });

  it('tells of a body that is nested without end', async () => {
    for (const [start, end] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const deep = `${start.repeat(900)}1${end.repeat(900)}`;
      for (const body of [`{"modelId":${deep}}`, `{"x":${deep}}`]) {
        const { detail } = await problemOf(
          await send('PUT', '/aliases/production', body, 'application/json'),
          422,
        );
        expect(detail).toContain('32 levels deep');
      }
    }
  });

  it('tells of a content type that a route does not take', async () => {
    await problemOf(await send('PUT', '/aliases/production', '<a/>', 'text/xml'), 415);
    await problemOf(
      await send('PUT', '/aliases/production', 'a=1', 'application/x-www-form-urlencoded'),
      415,
    );
    await problemOf(await send('POST', '/datasets', '<a/>', 'text/xml'), 415);
    const form = new FormData();
    form.set('modelId', 'mdl_1');
    await problemOf(await fetch(`${url}/aliases/production`, { method: 'PUT', body: form }), 415);
  });

  it('tells of a form that is malformed', async () => {
    const type = 'multipart/form-data; boundary=b';
    const bodies = [
      'no form',
      '--b\r\n\r\nx',
      '--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\n1\tWe',
    ];
    for (const body of bodies) await problemOf(await send('POST', '/datasets', body, type), 400);
    await problemOf(await send('POST', '/datasets', 'x', 'multipart/form-data'), 400);
    await problemOf(await send('POST', '/datasets', '--b--\r\n', type), 422);
  });

  it('answers before a body that is refused has arrived, and goes on with the connection', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const answer = text(socket);
    const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\n';
    const body = `${head}${'\0'.repeat(20_000_000)}\r\n--b--\r\n`;
    const type = 'multipart/form-data; boundary=b';
    socket.write(
      `POST /datasets HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    socket.write('GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    expect((await answer).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 422', 'HTTP/1.1 200']);
  });

  it('tells nothing of what went wrong inside, but where to look', async () => {
    const { DatasetsService } = await import('../src/datasets/datasets.service.js');
    const datasets = service.app.get(DatasetsService);
    const get = datasets.get.bind(datasets);
    datasets.get = () => Promise.reject(new Error('secret password in /srv/x'));
    try {
      const problem = await problemOf(await send('GET', '/datasets/ds_1'), 500);
      expect(problem.errorId).toMatch(/^[0-9a-f-]{36}$/);
      expect(problem.detail).toContain(problem.errorId);
      expect(JSON.stringify(problem)).not.toMatch(/secret|srv| at /);
    } finally {
      datasets.get = get;
    }
  });
});
