import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newApiKey } from './support/api-keys.js';
import { problemOf } from './support/http.js';
import { removeFolders, startService, type Service } from './support/service.js';

/** What a socket received until it was closed, and after how many milliseconds that was. */
async function fateOf(socket: Socket): Promise<{ received: string; after: number }> {
  const started = performance.now();
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  // `once` of node:events would fail with the error of a connection that is reset.
  if (!socket.closed) await new Promise((resolve) => socket.on('close', resolve));
  return { received, after: performance.now() - started };
}

/** Sends a text letter by letter, one each 50 ms, until the connection is closed. */
async function trickle(socket: Socket, text: string): Promise<void> {
  for (const letter of text) {
    if (socket.destroyed) return;
    socket.write(letter);
    await sleep(50);
  }
}

describe('clients that are slow', () => {
  let service: Service;
  let port: number;
  beforeAll(async () => {
    service = await startService(undefined, { WELLFORMED_CLIENT_TIMEOUT: '500 ms' });
    port = Number(new URL(await service.app.getUrl()).port);
  });
  afterAll(async () => {
    await service.stop();
    removeFolders();
  });
  const open = () => connect({ port, host: '127.0.0.1', noDelay: true });

  it('loses those that send no headers, or each letter of them by itself', async () => {
    const silent = open();
    const slow = open();
    const fates = Promise.all([fateOf(silent), fateOf(slow)]);
    void trickle(slow, `GET /health/live HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(1000)}`);
    for (const { received, after } of await fates) {
      expect(received).toMatch(/^HTTP\/1\.1 408 /);
      expect(received).toContain('application/problem+json');
      expect(after).toBeLessThan(5000);
    }
  });

  it.each([
    ['POST /predict', 'application/json', '{"sentence": "'],
    [
      'POST /datasets',
      'multipart/form-data; boundary=b',
      '--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\n',
    ],
  ])('loses those that send each letter of a body by itself: %s', async (route, type, start) => {
    const socket = open();
    const fate = fateOf(socket);
    socket.write(
      `${route} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: 100000\r\n\r\n${start}`,
    );
    void trickle(socket, 'x'.repeat(1000));
    const { received, after } = await fate;
    expect(received).toMatch(/^HTTP\/1\.1 408 /);
    expect(received).toContain('"detail":"The body did not arrive');
    expect(received).toContain('connection: close');
    expect(after).toBeLessThan(5000);
    expect((await service.client.request('GET', '/health/ready')).status).toBe(200);
  });

  it('keeps those that send a long body in pieces, each in time', async () => {
    const socket = open();
    const fate = fateOf(socket);
    const rows = '1\tWe go home.\n'.repeat(100);
    const form = (text: string) =>
      `--b\r\ncontent-disposition: form-data; name="file"; filename="x.tsv"\r\n\r\n${text}\r\n--b--\r\n`;
    const body = form(rows.repeat(8));
    socket.write(
      'POST /datasets HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: multipart/form-data; boundary=b\r\n' +
        `content-length: ${body.length}\r\n\r\n`,
    );
    const piece = Math.ceil(body.length / 8);
    for (let start = 0; start < body.length; start += piece) {
      socket.write(body.slice(start, start + piece));
      await sleep(200);
    }
    const { received, after } = await fate;
    expect(received).toMatch(/^HTTP\/1\.1 201 /);
    expect(after).toBeGreaterThan(1000);
  });

  it('loses those that go on sending what was refused', async () => {
    const socket = open();
    const fate = fateOf(socket);
    socket.write(
      'POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const sending = setInterval(() => socket.write(chunk), 5);
    const { received, after } = await fate;
    clearInterval(sending);
    expect(received).toMatch(/^HTTP\/1\.1 413 /);
    expect(after).toBeLessThan(5000);
  });

  it('loses those that go on letter by letter with what was refused before its body was read', async () => {
    const socket = open();
    const fate = fateOf(socket);
    socket.write(
      'POST /predict HTTP/1.1\r\nhost: foreign.example\r\norigin: http://foreign.example\r\nsec-fetch-site: cross-site\r\n' +
        'content-type: text/plain\r\ncontent-length: 100000\r\n\r\n',
    );
    void trickle(socket, 'x'.repeat(1000));
    const { received, after } = await fate;
    expect(received).toMatch(/^HTTP\/1\.1 403 /);
    expect(after).toBeLessThan(5000);
  });

  it('loses those that do not read their answer', async () => {
    const socket = open();
    socket.pause();
    socket.on('error', () => undefined);
    const asked = 'GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: localhost\r\n\r\n';
    socket.write(asked.repeat(20));
    const [connection] = (await once(service.app.getHttpServer(), 'connection')) as [Socket];
    await once(connection, 'close');
    expect(connection.bytesWritten).toBeGreaterThan(0);
    socket.destroy();
  });

  it('may be told to wait as long as can be set', async () => {
    const patient = await startService(undefined, { WELLFORMED_CLIENT_TIMEOUT: '60 min' });
    expect((await patient.client.request('GET', '/health/live')).status).toBe(200);
    await patient.stop();
  });

  it('keeps a stream of sentences that pauses', async () => {
    // There is no model: that the answer is 404, after the pause, shows that the stream was waited for.
    const socket = open();
    const fate = fateOf(socket);
    const line = '{"sentence":"We go home."}\n';
    socket.write(
      `POST /predict HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/x-ndjson\r\ncontent-length: ${2 * line.length}\r\n\r\n`,
    );
    await sleep(1500);
    socket.write(line);
    socket.write(line);
    const { received } = await fate;
    expect(received).not.toMatch(/ 408 /);
  });
});

describe('what never becomes a request', () => {
  let service: Service;
  let port: number;
  beforeAll(async () => {
    service = await startService(undefined, { WELLFORMED_MAX_CONNECTIONS: '3' });
    port = Number(new URL(await service.app.getUrl()).port);
  });
  afterAll(async () => {
    await service.stop();
    removeFolders();
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    [
      'two lengths',
      'POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\n',
      400,
    ],
    [
      'a length and chunks',
      'POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n',
      400,
    ],
    ['headers without end', `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
  ])('is refused as a problem, and ends the connection: %s', async (_what, text, status) => {
    const socket = connect(port, '127.0.0.1');
    const fate = fateOf(socket);
    socket.write(text);
    const { received } = await fate;
    expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(received.split('\r\n\r\n')[1]!)).toMatchObject({ status });
  });

  it.each([
    [
      'an expectation that is not known',
      'POST /predict HTTP/1.1\r\nhost: localhost\r\nexpect: tea\r\ncontent-length: 1\r\n\r\n',
      417,
    ],
    ['a tunnel', 'CONNECT example.org:443 HTTP/1.1\r\nhost: example.org\r\n\r\n', 405],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['no Host', 'GET /health/live HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    [
      'two Hosts',
      'GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nHost: evil.example\r\n\r\n',
      400,
    ],
    [
      'the same Host twice',
      'GET /health/live HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\nconnection: close\r\n\r\n',
      400,
    ],
  ])('is refused as a problem that says what to do: %s', async (_what, text, status) => {
    const socket = connect(port, '127.0.0.1');
    const fate = fateOf(socket);
    socket.write(text);
    const { received } = await fate;
    expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*application/problem\\+json`));
    const problem = JSON.parse(/\{.*\}/.exec(received)![0]) as { status: number; detail: string };
    expect(problem).toMatchObject({ status, detail: expect.stringMatching(/(Send|takes?) /) as string });
  });

  it('needs no Host where HTTP has none', async () => {
    const socket = connect(port, '127.0.0.1');
    const fate = fateOf(socket);
    socket.write('GET /health/live HTTP/1.0\r\n\r\n');
    expect((await fate).received).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('leaves those their answers that came before it on the connection', async () => {
    const socket = connect(port, '127.0.0.1');
    const fate = fateOf(socket);
    const good = (path: string) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
    socket.write(`${good('/models')}${good('/datasets')}${good('/health/live')}no request\r\n\r\n`);
    const { received } = await fate;
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual([
      ...Array<string>(3).fill('HTTP/1.1 200'),
      'HTTP/1.1 400',
    ]);
    expect(received).toContain('{"status":"ok"}HTTP/1.1 400');
  });

  it('is the body of the request under way, where that is broken', async () => {
    const socket = connect(port, '127.0.0.1');
    const fate = fateOf(socket);
    socket.write(
      'POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n',
    );
    const { received } = await fate;
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400']);
    expect(received).toContain('chunk');
  });

  it('is more connections than there may be', async () => {
    const sockets = Array.from({ length: 6 }, () => connect(port, '127.0.0.1'));
    const closed = sockets.map((socket) => fateOf(socket));
    await Promise.race(closed);
    await sleep(200);
    expect(sockets.filter((socket) => !socket.closed).length).toBeLessThanOrEqual(3);
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
    await expect
      .poll(() =>
        service.client.request('GET', '/health/live').then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
  });
});

describe('clients that ask too often', () => {
  let service: Service;
  const pupil = newApiKey('pupil', 'predict');
  const teacher = newApiKey('teacher', 'train');
  const start = async (environment: Record<string, string>) => {
    service = await startService(undefined, { WELLFORMED_RATE_LIMIT: '5', ...environment });
  };
  const ask = (headers: Record<string, string> = {}, path = '/models') =>
    service.client.request('GET', path, undefined, headers);
  const stop = async () => {
    await service.stop();
    removeFolders();
  };

  it('tells them how often they may, and then to wait', async () => {
    await start({});
    for (let left = 4; left >= 0; left--) {
      const response = await ask();
      expect(response.status).toBe(200);
      expect(response.headers.get('ratelimit-policy')).toBe('"default";q=5;w=60');
      expect(response.headers.get('ratelimit')).toMatch(new RegExp(`^"default";r=${left};t=(60|[1-5]?\\d)$`));
    }
    const refused = await ask();
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(refused.headers.get('ratelimit')).toBe(`"default";r=0;t=${wait}`);
    expect((await problemOf(refused, 429)).detail).toContain('This address may send 5 requests per minute');
    // Another address in X-Forwarded-For is nobody's word.
    expect((await ask({ 'x-forwarded-for': '203.0.113.7' })).status).toBe(429);
    // Monitoring goes on.
    expect((await ask({}, '/health/ready')).status).toBe(200);
    expect((await ask({}, '/metrics')).status).toBe(200);
    await stop();
  });

  it('counts each key by itself, and who sends none or a wrong one by address', async () => {
    await start({ WELLFORMED_API_KEYS: `${pupil.entry},${teacher.entry}` });
    for (let i = 0; i < 5; i++) expect((await ask(pupil.headers)).status).toBe(200);
    expect((await problemOf(await ask(pupil.headers), 429)).detail).toContain('The key pupil');
    expect((await ask(teacher.headers)).status).toBe(200);
    for (let i = 0; i < 5; i++) expect((await ask(newApiKey('x', 'admin').headers)).status).toBe(401);
    expect((await ask(newApiKey('y', 'admin').headers)).status).toBe(429);
    expect((await ask()).status).toBe(429);
    expect((await ask(teacher.headers)).status).toBe(200);
    await stop();
  });

  it('believes a proxy that is trusted, and counts an IPv6 network as one', async () => {
    await start({ WELLFORMED_TRUST_PROXY: 'loopback' });
    const from = (address: string) => ask({ 'x-forwarded-for': address }).then(({ status }) => status);
    for (let i = 0; i < 5; i++) expect(await from('203.0.113.7')).toBe(200);
    expect(await from('203.0.113.7')).toBe(429);
    expect(await from('203.0.113.8')).toBe(200);
    // Whatever a client puts before what the proxy adds does not count.
    expect(await from('198.51.100.1, 203.0.113.7')).toBe(429);
    for (let i = 0; i < 5; i++) expect(await from(`2001:db8:0:1::${i}`)).toBe(200);
    expect(await from('2001:db8:0:1::ffff')).toBe(429);
    expect(await from('2001:db8:0:2::1')).toBe(200);
    await stop();
  });

  it('does not make anybody wait for a clock that was set back', async () => {
    await start({});
    for (let i = 0; i < 6; i++) await ask();
    expect((await ask()).status).toBe(429);
    const now = Date.now;
    Date.now = () => now() - 3_600_000;
    try {
      expect((await ask()).status).toBe(200);
    } finally {
      Date.now = now;
    }
    await stop();
  });

  it('limits nobody unless told to', async () => {
    await start({ WELLFORMED_RATE_LIMIT: '0' });
    const response = await ask();
    expect(response.headers.get('ratelimit')).toBeNull();
    await service.client.upload('1\tWe go.\n');
    await stop();
  });
});
